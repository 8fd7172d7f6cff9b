import { violationFound } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { chat, send, sendRefused } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { readTopic } from '../stack/topics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

const card = '4111 1111 1111 1111'

interface Policy {
  id: string
  name: string
}

interface Violation {
  policy: string
  mode: string
  action: string
  workspace: string
  virtual_key: string
  finding_count: number
  findings: { detector: string; place: string; start: number; end: number }[]
}

const violationsOf = (requestId: string) =>
  weir.management.list<Violation>('/v1/policies/violations', { request_id: requestId })

const ask = (body: Record<string, unknown>, path = '/v1/chat/completions') =>
  send({ url: weir.url, key: scene.key, path, body })

const refuse = (body: Record<string, unknown>, path = '/v1/chat/completions') =>
  sendRefused({ url: weir.url, key: scene.key, path, body })

const requestIdOf = ({ headers }: { headers: Record<string, unknown> }) => String(headers['x-request-id'])

const patient = { timeoutMs: 20_000 }

/** Whom nobody waits for is judged, and put on record, a moment after its reply. */
const comesOnRecord = (requestId: string): Promise<boolean> =>
  waitFor(async () => (await violationsOf(requestId)).length > 0, { timeoutMs: 1_000 }).then(
    () => true,
    () => false,
  )

/** A policy for a model of its own, in force on every gateway. */
async function govern(
  fields: Record<string, unknown> = {},
): Promise<{ policy: Policy; model: string; remove: () => Promise<void> }> {
  const { name: model } = await scene.addModel()
  const policy = await weir.management.create<Policy>('/v1/policies', {
    ...{ name: unique('policy'), scope: { workspace: scene.workspace.id, models: [model] } },
    ...{ text: 'No card numbers.', detectors: ['payment_card'], action: 'block', mode: 'enforce' },
    ...{ applies_to: 'input', ...fields },
  })
  await waitFor(async () => {
    // Each over a connection of its own: all gateways have it.
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => ask(chat(model, { messages: said(`test ${card}`) }))),
    )
    const judged = await Promise.all(replies.map((reply) => comesOnRecord(requestIdOf(reply))))
    return judged.every(Boolean)
  }, patient)
  return { policy, model, remove: () => weir.management.delete(`/v1/policies/${policy.id}`) }
}

const said = (content: unknown) => [{ role: 'user', content }]
const sentFor = (model: string) => upstream.callsFor(model).at(-1)?.document

describe('input policies on real traffic', () => {
  it('block before the provider sees anything, in the envelope of each API, at no cost', async () => {
    const { policy, model, remove } = await govern({ message: 'Send no card numbers.' })
    const before = upstream.callsFor(model).length
    const refused = await refuse(chat(model, { messages: said(card) }))
    expect([refused.status, refused.error.code]).toEqual([403, 'policy_violation'])
    expect(refused.error.message).toContain('Send no card numbers.')
    expect(refused.text).not.toContain('4111')
    const messages = await ask({ model, max_tokens: 9, messages: said(card) }, '/v1/messages')
    expect([messages.status, messages.text]).toEqual([403, expect.stringContaining('permission_error')])
    const responses = await refuse({ model, input: card }, '/v1/responses')
    const embeddings = await refuse({ model, input: ['fine', card] }, '/v1/embeddings')
    expect([responses.status, embeddings.status]).toEqual([403, 403])
    expect(upstream.callsFor(model)).toHaveLength(before)

    const allowed = await ask(chat(model))
    expect(allowed.status).toBe(200)
    // The one that was sent has a row in the ledger; those that were refused never have.
    const attempts = await waitForAttempts(weir.management, { request_id: requestIdOf(allowed) })
    expect(attempts).toHaveLength(1)
    await expect(weir.management.list(`/v1/requests`, { request_id: requestIdOf(refused) })).resolves.toEqual(
      [],
    )
    const [violation] = await violationsOf(requestIdOf(refused))
    expect(violation).toMatchObject({
      ...{ policy: policy.id, mode: 'enforce', action: 'block', workspace: scene.workspace.id },
      ...{ virtual_key: scene.virtualKey.id, finding_count: 1 },
      findings: [{ detector: 'payment_card', place: 'messages[0].content', start: 0, end: card.length }],
    })
    await remove()
  })

  it('threat 25: see the second content part, arguments and results of tools, and what is divided', async () => {
    const { model, remove } = await govern()
    const call = (args: string) => ({
      role: 'assistant',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'pay', arguments: args } }],
    })
    const result = (content: unknown) => ({ role: 'tool', tool_call_id: 'call_1', content })
    const text = (part: string) => ({ type: 'text', text: part })
    const hidden: Record<string, Record<string, unknown>> = {
      'a second part': chat(model, { messages: said([text('Hello'), text(`It is ${card}`)]) }),
      'two parts': chat(model, { messages: said([text('It is 4111 1111'), text(' 1111 1111.')]) }),
      'two messages': chat(model, { messages: [...said('It is 4111 1111'), ...said(' 1111 1111.')] }),
      'arguments of a tool': chat(model, {
        messages: [...said('Pay.'), call(JSON.stringify({ card })), result('done')],
      }),
      'escaped arguments': chat(model, {
        messages: [...said('Pay.'), call('{"card":"\\u0034111 1111 1111 1111"}'), result('done')],
      }),
      'a number in arguments': chat(model, {
        messages: [...said('Pay.'), call('{"card":4111111111111111}'), result('done')],
      }),
      'the result of a tool': chat(model, { messages: [...said('Pay.'), call('{}'), result([text(card)])] }),
      'an earlier message': chat(model, {
        messages: [...said(card), { role: 'assistant', content: 'Hm.' }, ...said('Go on.')],
      }),
      'the description of a tool': chat(model, {
        tools: [{ type: 'function', function: { name: 'pay', description: card, parameters: {} } }],
      }),
    }
    for (const [where, body] of Object.entries(hidden)) {
      const { status } = await ask(body)
      expect([where, status]).toEqual([where, 403])
    }
    const input = { card, amount: 1 }
    const messages = [
      ...said('Pay.'),
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'pay', input }] },
    ]
    const anthropic = await ask({ model, max_tokens: 9, messages }, '/v1/messages')
    expect(anthropic.status).toBe(403)
    await remove()
  })

  it('mask what detectors find, in whichever part it stands, and send the rest as it came', async () => {
    const { model, remove } = await govern({ action: 'mask', detectors: ['payment_card', 'email'] })
    const content = [
      { type: 'text', text: `Charge ${card} now` },
      { type: 'text', text: 'and write to ann@mail.example.' },
    ]
    const tool = { name: 'pay', arguments: JSON.stringify({ card: 4111111111111111, note: 'é ok' }) }
    const reply = await ask(
      chat(model, {
        messages: [
          ...said(content),
          { role: 'assistant', tool_calls: [{ id: 'call_1', type: 'function', function: tool }] },
          { role: 'tool', tool_call_id: 'call_1', content: 'paid' },
        ],
        seed: 12345678901234567,
      }),
    )
    expect(reply.status).toBe(200)
    const sent = upstream.callsFor(model).at(-1)?.body.toString() ?? ''
    expect(sent).not.toMatch(/4111|ann@mail/)
    expect(sent).toMatch(/"seed":1234567890123456\d/)
    expect(sentFor(model)).toMatchObject({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Charge [payment_card] now' },
            { type: 'text', text: 'and write to [email].' },
          ],
        },
        {
          tool_calls: [
            {
              function: { name: 'pay', arguments: JSON.stringify({ card: '[payment_card]', note: 'é ok' }) },
            },
          ],
        },
        { role: 'tool', content: 'paid' },
      ],
    })
    await remove()
  })

  it('log without touching anything, and do nothing in shadow, and both are on record and on the topic', async () => {
    const { policy, model, remove } = await govern({ action: 'log' })
    const shadow = await weir.management.create<Policy>('/v1/policies', {
      ...{ name: unique('policy'), scope: { workspace: scene.workspace.id, models: [model] } },
      ...{ text: 'No card numbers.', detectors: ['payment_card'], action: 'block', mode: 'shadow' },
      ...{ applies_to: 'input' },
    })
    const topic = await readTopic(weir.postgresUrl, violationFound)
    const found = await waitFor(async () => {
      const reply = await ask(chat(model, { messages: said(card) }))
      expect(reply.status).toBe(200)
      expect(sentFor(model)).toMatchObject({ messages: said(card) })
      const requestId = requestIdOf(reply)
      await waitFor(async () => (await violationsOf(requestId)).length > 0)
      const violations = await violationsOf(requestId)
      return violations.length === 2 ? { requestId, violations } : undefined
    })
    expect(found.violations.map((each) => [each.policy, each.mode, each.action]).sort()).toEqual(
      [
        [policy.id, 'enforce', 'log'],
        [shadow.id, 'shadow', 'block'],
      ].sort(),
    )
    const eventsOf = () => topic.events.filter(({ requestId }) => requestId === found.requestId)
    await waitFor(() => eventsOf().length === 2)
    expect(
      eventsOf()
        .map((event) => [event.policy, event.mode])
        .sort(),
    ).toEqual(
      [
        [policy.id, 'enforce'],
        [shadow.id, 'shadow'],
      ].sort(),
    )
    expect(JSON.stringify([found, eventsOf()])).not.toContain('4111')
    await topic.close()
    // Tried long enough: now it bites.
    await weir.management.update(`/v1/policies/${shadow.id}`, { mode: 'enforce' })
    await waitFor(async () => {
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => ask(chat(model, { messages: said(card) }))),
      )
      return replies.every(({ status }) => status === 403)
    })
    await Promise.all([remove(), weir.management.delete(`/v1/policies/${shadow.id}`)])
  })

  it('of the organization hold, whatever a workspace adds', async () => {
    const { model, remove } = await govern({ action: 'log' })
    const above = await weir.management.create<Policy>('/v1/policies', {
      ...{ name: unique('policy'), scope: { models: [model] }, text: 'No card numbers.' },
      ...{ detectors: ['payment_card'], action: 'block', mode: 'enforce', applies_to: 'input' },
    })
    await waitFor(async () => (await ask(chat(model, { messages: said(card) }))).status === 403)
    await weir.management.delete(`/v1/policies/${above.id}`)
    await waitFor(async () => (await ask(chat(model, { messages: said(card) }))).status === 200)
    await remove()
  })
})
