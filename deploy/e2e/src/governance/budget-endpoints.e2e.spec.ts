import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../stack/client.js'
import { completion, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import {
  boundOf,
  dollars,
  ledgerCost,
  nano,
  prices,
  whenBudgetsAreKnown,
  whenSettled,
} from './budget-bound.js'

let weir: SharedWeir
let upstream: RawUpstream
let witness: Scene

beforeAll(async () => {
  weir = await useWeir()
  upstream = await RawUpstream.start()
  witness = await createScene(weir)
})

afterAll(() => upstream?.stop())

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

/** A provider that speaks every one of OpenAI's endpoints that is asked for here. */
function answer(call: ReceivedCall): void {
  const { path } = call
  if (path.endsWith('/embeddings')) {
    const data = [{ object: 'embedding', index: 0, embedding: [0.5] }]
    return call.reply(200, { object: 'list', data, model: 'm', usage })
  }
  if (path.endsWith('/chat/completions')) return call.reply(200, completion('x', 20, 10))
  if (path.endsWith('/completions')) {
    const choices = [{ text: 'x', index: 0, finish_reason: 'stop', logprobs: null }]
    return call.reply(200, { id: 'c', object: 'text_completion', created: 1, model: 'm', choices, usage })
  }
  const content = [{ type: 'output_text', text: 'x', annotations: [] }]
  const output = [{ type: 'message', id: 'msg', role: 'assistant', status: 'completed', content }]
  const counted = { input_tokens: 20, output_tokens: 10, total_tokens: 30 }
  call.reply(200, { id: 'r', object: 'response', status: 'completed', model: 'm', output, usage: counted })
}

/** What is asked for, and how many output tokens it may have at most. */
const requests: [name: string, path: string, fields: Record<string, unknown>, outputTokens: number][] = [
  ['a chat with choices', '/v1/chat/completions', { messages: [], max_tokens: 10, n: 5 }, 50],
  ['a message', '/v1/messages', { messages: [{ role: 'user', content: 'x' }], max_tokens: 30 }, 30],
  ['a response', '/v1/responses', { input: 'x', max_output_tokens: 20 }, 20],
  ['a response that does not say', '/v1/responses', { input: 'x' }, 16_384],
  ['completions', '/v1/completions', { prompt: ['a', 'b'], max_tokens: 10, n: 2, best_of: 3 }, 60],
  ['a batch of embeddings', '/v1/embeddings', { input: Array(200).fill('some text') }, 0],
]

describe('a hard budget', () => {
  it.each(requests)('threat 21: bounds %s', async (_name, path, fields, outputTokens) => {
    const scene: Scene = await createScene(weir, {
      baseUrl: upstream.baseUrl,
      model: { prices },
    })
    upstream.answer(scene.model.name, answer)
    const body = { model: scene.model.name, ...fields }
    const bound = boundOf(body, outputTokens)
    const budget = { scope: { team: scene.team.id }, amount: dollars(bound - 1n), period: 'daily' }
    const { id } = await weir.management.create<{ id: string }>('/v1/budgets', budget)
    await whenBudgetsAreKnown(weir, witness)
    const ask = () => send({ url: weir.url, key: scene.key, path, body })
    const refused = await ask()
    expect([refused.status, refused.text]).toEqual([
      429,
      expect.stringContaining('less left than this request'),
    ])
    await weir.management.update(`/v1/budgets/${id}`, { amount: dollars(bound) })
    await whenBudgetsAreKnown(weir, witness)
    const served = await ask()
    expect([served.status, served.text]).toEqual([200, expect.any(String)])
    const { spent } = await whenSettled(weir.management, `teams/${scene.team.id}`)
    expect(nano(spent)).toBeGreaterThan(0n)
    expect(nano(spent)).toBe(await ledgerCost(weir.management, scene.virtualKey.id))
    expect(nano(spent) <= bound).toBe(true)
    expect((await ask()).status).toBe(429)
  })

  it('threat 21: takes the limit of the model where a request has none, and sends it', async () => {
    const scene = await createScene(weir, {
      baseUrl: upstream.baseUrl,
      model: { prices, max_output_tokens: 700 },
    })
    const seen: unknown[] = []
    upstream.answer(scene.model.name, (call) => {
      seen.push(call.document['max_tokens'])
      answer(call)
    })
    const body = { model: scene.model.name, messages: [{ role: 'user', content: 'x' }] }
    const amount = dollars(boundOf(body, 700))
    await weir.management.create('/v1/budgets', { scope: { team: scene.team.id }, amount, period: 'daily' })
    await whenBudgetsAreKnown(weir, witness)
    expect((await send({ url: weir.url, key: scene.key, body })).status).toBe(200)
    expect(seen).toEqual([700])
  })
})
