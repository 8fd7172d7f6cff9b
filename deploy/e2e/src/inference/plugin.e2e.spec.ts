import { waitFor } from '@weir/testing'
import { createHmac } from 'node:crypto'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { eventsOf, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { chunk, completion, RawUpstream, type ReceivedCall, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let hook: RawUpstream
let scene: Scene
let client: OpenAI

beforeAll(async () => {
  ;[weir, upstream, hook] = await Promise.all([useWeir(), RawUpstream.start(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key, maxRetries: 0 })
})
afterAll(async () => {
  await upstream.stop()
  await hook.stop()
})

/** An event of a stream, as far as it has text. */
interface Event {
  choices?: { delta?: { content?: string }; text?: string }[]
  delta?: { text?: string } | string
}

const inDelta = ({ delta }: Event): string | undefined => (typeof delta === 'string' ? delta : delta?.text)

const dialects = {
  chat: {
    path: '/v1/chat/completions',
    body: (content: string) => ({ messages: said(content) }),
    deltaOf: ({ choices }: Event) => choices?.[0]?.delta?.content,
  },
  messages: {
    path: '/v1/messages',
    body: (content: string) => ({ messages: said(content), max_tokens: 100 }),
    deltaOf: inDelta,
  },
  responses: { path: '/v1/responses', body: (input: string) => ({ input }), deltaOf: inDelta },
  completions: {
    path: '/v1/completions',
    body: (prompt: string) => ({ prompt }),
    deltaOf: ({ choices }: Event) => choices?.[0]?.text,
  },
}

const said = (content: string) => [{ role: 'user' as const, content }]

/** A deployment with plugins over a model of its own, in force on every gateway. */
const deploy = (...plugins: object[]) => deployAs(unique('alias'), plugins)

async function deployAs(alias: string, plugins: object[]): Promise<{ alias: string; model: string }> {
  const { name: model } = await scene.addModel()
  await weir.management.create('/v1/deployments', {
    ...{ name: alias, workspace: scene.workspace.id, targets: [{ model }], plugins },
  })
  await waitFor(async () => {
    // Each over a connection of its own: all gateways have it.
    const replies = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`${weir.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${scene.key}`, connection: 'close' },
          body: JSON.stringify({ model: alias, messages: said('arrived?') }),
        }),
      ),
    )
    return replies.every(({ status }) => status !== 404)
  })
  return { alias, model }
}

const lastCall = (model: string): ReceivedCall => {
  const call = upstream.callsFor(model).at(-1)
  if (!call) throw new Error('The provider was not called.')
  return call
}

describe('runtime plugins', () => {
  it('change what the provider gets, in their order', async () => {
    const { alias, model } = await deploy(
      { name: 'system_prompt', settings: { text: 'Be brief.' } },
      {
        name: 'parameter_clamp',
        settings: { parameters: { temperature: { max: 0.5 }, max_tokens: { max: 20 } } },
      },
      { name: 'header_injection', settings: { headers: { 'X-Team': 'red' } } },
    )
    await client.chat.completions.create({
      model: alias,
      messages: said('Hi'),
      temperature: 2,
      max_tokens: 500,
    })
    const call = lastCall(model)
    expect(call.document).toMatchObject({
      ...{ model, temperature: 0.5, max_tokens: 20 },
      messages: [{ role: 'system', content: 'Be brief.' }, ...said('Hi')],
    })
    expect(call.request.headers).toMatchObject({ 'x-team': 'red', 'content-type': 'application/json' })
    expect(call.request.headers['authorization']).not.toContain(scene.key)
  })

  it('keep personal data from the provider, and give it back, whole and in pieces', async () => {
    const settings = { detectors: ['email', 'payment_card'], restore: true }
    const { alias, model } = await deploy({ name: 'pii_masking', settings })
    upstream.answer(model, async (call) => {
      if (call.document['stream'] !== true) return call.reply(200, completion('I wrote to [EMAIL_1].'))
      call.startStream()
      for (const piece of ['I wrote to [EM', 'AIL', '_1], not to x@', 'y.example', '.'])
        await call.event(chunk(piece))
      await call.event(chunk('', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
      await call.event(usageChunk(9, 3))
      call.end(sse('[DONE]'))
    })
    const messages = said('Write to ann@mail.example, card 4111 1111 1111 1111.')
    const whole = await client.chat.completions.create({ model: alias, messages })
    expect(whole.choices[0]?.message.content).toBe('I wrote to ann@mail.example.')
    expect(lastCall(model).document['messages']).toEqual(said('Write to [EMAIL_1], card [PAYMENT_CARD_2].'))
    let text = ''
    let finish: string | null | undefined
    for await (const { choices } of await client.chat.completions.create({
      model: alias,
      messages,
      stream: true,
    })) {
      text += choices[0]?.delta.content ?? ''
      finish = choices[0]?.finish_reason ?? finish
    }
    expect([text, finish]).toEqual(['I wrote to ann@mail.example, not to [EMAIL].', 'stop'])
  })

  it.each(['chat', 'messages', 'responses', 'completions'] as const)(
    'do the same in the dialect of %s',
    async (endpoint) => {
      const sandbox = await createScene(weir)
      const alias = unique('alias')
      await weir.management.create('/v1/deployments', {
        ...{ name: alias, workspace: sandbox.workspace.id, targets: [{ model: sandbox.model.name }] },
        ...{ plugins: [{ name: 'pii_masking', settings: { detectors: ['email'], restore: true } }] },
        cache: { enabled: true, ttl_s: 60 },
      })
      const { path, body, deltaOf } = dialects[endpoint]
      const ask = (stream: boolean) =>
        send({
          url: weir.url,
          key: sandbox.key,
          path,
          body: { model: alias, ...body('I am ann@mail.example'), stream },
        })
      for (const stream of [false, true]) {
        // Until each gateway has the deployment, and has answered once.
        const kept = await waitFor(async () => {
          const reply = await ask(stream)
          return reply.status === 200 && reply.headers['x-weir-cache'] === 'hit' ? reply : undefined
        })
        const text = stream
          ? eventsOf(kept.text)
              .filter((event) => event.startsWith('{'))
              .map((event) => deltaOf(JSON.parse(event) as Event) ?? '')
              .join('')
          : kept.text
        expect(text).toContain('You said: I am ann@mail.example')
      }
    },
  )

  it('end what is too long, and what was made is paid for', async () => {
    const { alias, model } = await deploy({ name: 'response_length_cap', settings: { max_characters: 5 } })
    const answer = await client.chat.completions.create({ model: alias, messages: said('Hi') })
    expect(answer.choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'length' })
    const rows = await waitForAttempts(weir.management, { key: scene.virtualKey.id, model }, 1)
    expect(rows.every(({ output_tokens: output }) => output === 3)).toBe(true)
  })

  it('ask a webhook, signed, which may refuse', async () => {
    const secret = 'a secret between the two'
    const url = `http://127.0.0.1:${hook.port}/judge`
    const asked: ReceivedCall[] = []
    const settings = { url, secret, timeout_ms: 2_000, on_failure: 'closed' }
    let verdict: object = { action: 'allow' }
    const alias = unique('alias')
    const judge = (call: ReceivedCall) => {
      asked.push(call)
      call.reply(200, verdict)
    }
    // Calls are told apart by the model that stands in them: the alias in a request, the provider's in an answer.
    hook.answer(alias, judge)
    hook.answer('upstream-model', judge)
    const { model } = await deployAs(alias, [{ name: 'webhook', settings }])
    const answer = await client.chat.completions.create({ model: alias, messages: said('Hi') })
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
    const [first] = asked.slice(-2)
    const { 'x-weir-timestamp': time, 'x-weir-signature': signature } = first?.request.headers ?? {}
    const expected = createHmac('sha256', secret).update(`${String(time)}.${first?.body.toString() ?? ''}`)
    expect(signature).toBe(`v1=${expected.digest('hex')}`)
    expect(asked.slice(-2).map(({ document }) => document['event'])).toEqual(['request', 'response'])
    const before = upstream.callsFor(model).length
    verdict = { action: 'block', reason: 'Not on a Saturday.' }
    await expect(
      client.chat.completions.create({ model: alias, messages: said('Hi') }),
    ).rejects.toMatchObject({
      ...{ status: 403, code: 'policy_violation' },
    })
    expect(upstream.callsFor(model)).toHaveLength(before)
  })

  it('let nothing through while a webhook that must agree does not answer', async () => {
    const url = 'http://127.0.0.1:9/nobody'
    const base = { url, secret: 'a secret between the two', timeout_ms: 500 }
    const closed = await deploy({ name: 'webhook', settings: { ...base, on_failure: 'closed' } })
    await expect(
      client.chat.completions.create({ model: closed.alias, messages: said('Hi') }),
    ).rejects.toMatchObject({
      ...{ status: 503, code: 'service_unavailable' },
    })
    expect(upstream.callsFor(closed.model)).toEqual([])
    const open = await deploy({ name: 'webhook', settings: { ...base, on_failure: 'open' } })
    const answer = await client.chat.completions.create({ model: open.alias, messages: said('Hi') })
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
  })

  it('are refused when they are not there, or reach inside (threats 2, 6 and 14)', async () => {
    const refused = async (plugin: object) => {
      const body = {
        name: unique('alias'),
        workspace: scene.workspace.id,
        targets: [{ model: scene.model.name }],
      }
      return (await weir.management.send('POST', '/v1/deployments', { ...body, plugins: [plugin] })).status
    }
    expect(await refused({ name: 'script', settings: { code: '1' } })).toBe(400)
    const secret = 'a secret between the two'
    const settings = { url: 'http://169.254.169.254/x', secret, timeout_ms: 500, on_failure: 'open' }
    expect(await refused({ name: 'webhook', settings })).toBe(400)
    expect(
      await refused({ name: 'header_injection', settings: { headers: { 'x-a': 'b\r\nhost: c' } } }),
    ).toBe(400)
  })
})
