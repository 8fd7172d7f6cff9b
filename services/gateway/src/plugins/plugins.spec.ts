import { AppError } from '@weir/errors'
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import { chatStream, noServices, plugged, saidIn } from '../testing/plugged.js'
import { headerInjection } from './header-injection.js'
import { parameterClamp } from './parameter-clamp.js'
import { PluginChains } from './plugin-chains.js'
import type { PluginServices } from './plugin.js'
import { responseLengthCap } from './response-length-cap.js'
import { systemPrompt } from './system-prompt.js'
import { webhook } from './webhook.js'

describe('system_prompt', () => {
  const plugin = systemPrompt.create({ text: 'Be brief.' }, noServices)
  const user = { role: 'user', content: 'Hi' }

  it.each([
    ['chat', { messages: [user] }, { messages: [{ role: 'system', content: 'Be brief.' }, user] }],
    [
      'chat',
      { messages: [{ role: 'developer', content: 'Be kind.' }, user] },
      { messages: [{ role: 'developer', content: 'Be brief.\n\nBe kind.' }, user] },
    ],
    [
      'chat',
      { messages: [{ role: 'system', content: [{ type: 'text', text: 'Be kind.' }] }] },
      {
        messages: [
          {
            role: 'system',
            content: [
              { type: 'text', text: 'Be brief.' },
              { type: 'text', text: 'Be kind.' },
            ],
          },
        ],
      },
    ],
    ['messages', { messages: [user] }, { system: 'Be brief.' }],
    ['messages', { system: 'Be kind.' }, { system: 'Be brief.\n\nBe kind.' }],
    ['responses', { input: 'Hi' }, { instructions: 'Be brief.' }],
    ['completions', { prompt: ['a', 'b'] }, { prompt: ['Be brief.\n\na', 'Be brief.\n\nb'] }],
  ] as const)('begins what %s is told: %j', async (endpoint, document, expected) => {
    const { request } = await plugged([plugin], { model: 'm', ...document }, endpoint)
    expect(request.document).toMatchObject(expected)
  })

  it('leaves embeddings alone', async () => {
    const { request } = await plugged([plugin], { model: 'm', input: 'Hi' }, 'embeddings')
    expect(request.document).toEqual({ model: 'm', input: 'Hi' })
  })
})

describe('parameter_clamp', () => {
  const parameters = { temperature: { max: 1 }, n: { max: 1 }, max_tokens: { min: 10, max: 100 } }
  const plugin = parameterClamp.create({ parameters }, noServices)

  it('keeps numbers within bounds, by every name that they have, and adds none', async () => {
    const document = {
      model: 'm',
      temperature: 1.8,
      n: 50,
      max_completion_tokens: 5,
      max_output_tokens: 5_000,
    }
    const { request } = await plugged([plugin], document)
    expect(request.document).toEqual({
      model: 'm',
      temperature: 1,
      n: 1,
      max_completion_tokens: 10,
      max_output_tokens: 100,
    })
    const { request: other } = await plugged([plugin], { model: 'm', temperature: 0.5 })
    expect(other.document).toEqual({ model: 'm', temperature: 0.5 })
  })
})

describe('header_injection', () => {
  it('sends its headers, in lower case', async () => {
    const plugin = headerInjection.create({ headers: { 'X-Team': 'red' } }, noServices)
    const { request } = await plugged([plugin], { model: 'm' })
    expect(request.headers).toEqual({ 'x-team': 'red' })
  })
})

describe('response_length_cap', () => {
  const plugin = responseLengthCap.create({ max_characters: 5 }, noServices)
  const answer = (content: string) => ({
    choices: [{ index: 0, message: { content }, finish_reason: 'stop' }],
  })

  it('ends what is longer, and says so', async () => {
    const { whole } = await plugged([plugin], { model: 'm' })
    expect(await whole(answer('12345'))).toEqual(answer('12345'))
    const { whole: other } = await plugged([plugin], { model: 'm' })
    expect(await other(answer('1234567'))).toMatchObject({
      choices: [{ message: { content: '12345' }, finish_reason: 'length' }],
    })
  })

  it('does so in a stream, and cuts no character in two', async () => {
    const { stream } = await plugged([plugin], { model: 'm' })
    const events = await stream(chatStream(['12', '34😀', '678']))
    expect(saidIn(events)).toBe('1234')
    expect(JSON.stringify(events)).toContain('"finish_reason":"length"')
    expect(events.at(-1)).toBe('[DONE]')
  })

  it('says it in the words of the other dialects', async () => {
    const messages = await plugged([plugin], { model: 'm' }, 'messages')
    expect(
      await messages.whole({
        type: 'message',
        content: [{ type: 'text', text: '1234567' }],
        stop_reason: 'end_turn',
      }),
    ).toEqual({
      ...{ type: 'message', content: [{ type: 'text', text: '12345' }], stop_reason: 'max_tokens' },
    })
    const responses = await plugged([plugin], { model: 'm' }, 'responses')
    const output = [{ type: 'message', content: [{ type: 'output_text', text: '1234567' }] }]
    expect(await responses.whole({ object: 'response', status: 'completed', output })).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      output: [{ content: [{ text: '12345' }] }],
    })
  })
})

describe('webhook', () => {
  const settings = {
    url: 'https://hook.example/x',
    timeout_ms: 500,
    on_failure: 'closed',
    secret: 'a secret',
  } as const
  const hello = { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] }
  type Call = Parameters<PluginServices['post']>[0]

  function services(answer: (call: Call) => { status: number; body: string }) {
    const calls: Call[] = []
    const post = (call: Call) => {
      calls.push(call)
      return Promise.resolve().then(() => answer(call))
    }
    return { calls, services: { post, unseal: (sealed: string) => sealed } }
  }
  const allowing = () => services(() => ({ status: 204, body: '' }))
  const saying = (said: object) => services(() => ({ status: 200, body: JSON.stringify(said) }))
  const answer = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' } }] }

  it('is asked before and after, signed with the time', async () => {
    const { calls, services: with_ } = allowing()
    const { whole, request } = await plugged([webhook.create(settings, with_)], hello)
    expect(await whole(answer)).toEqual(answer)
    expect(request.document).toEqual(hello)
    expect(calls.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { event: 'request', deployment: 'fast', endpoint: 'chat', request_id: 'req_1', document: hello },
      { event: 'response', document: answer, texts: ['Hello'] },
    ])
    for (const { url, headers, body, timeoutMs } of calls) {
      expect([url, timeoutMs]).toEqual([settings.url, 500])
      const time = headers['x-weir-timestamp'] ?? ''
      expect(Math.abs(Number(time) - Date.now() / 1_000)).toBeLessThan(5)
      const signature = createHmac('sha256', 'a secret').update(`${time}.${body}`).digest('hex')
      expect(headers['x-weir-signature']).toBe(`v1=${signature}`)
    }
  })

  it('refuses, and says why', async () => {
    const plugin = webhook.create(settings, saying({ action: 'block', reason: 'no deals' }).services)
    await expect(plugged([plugin], hello)).rejects.toMatchObject({ code: 'policy_violation' })
    await expect(plugged([plugin], hello)).rejects.toThrow('no deals')
  })

  it('puts another request in place, but for what was decided', async () => {
    const document = { model: 'other', stream: true, messages: [] }
    const plugin = webhook.create(settings, saying({ action: 'replace', document }).services)
    expect((await plugged([plugin], hello)).request.document).toEqual({
      model: 'fast',
      messages: [],
      stream: true,
    })
  })

  it.each([
    [
      'does not answer',
      () => {
        throw new Error('no')
      },
    ],
    ['answers with an error', () => ({ status: 500, body: '' })],
    ['answers with anything else', () => ({ status: 200, body: '{"action":"Allow"}' })],
  ])('lets nothing through when it %s, unless it is set to', async (_, what) => {
    const { services: with_ } = services(what)
    const closed = webhook.create(settings, with_)
    await expect(plugged([closed], hello)).rejects.toMatchObject({ code: 'service_unavailable', status: 503 })
    const open = webhook.create({ ...settings, on_failure: 'open' }, with_)
    expect((await plugged([open], hello)).request.document).toEqual(hello)
  })

  it('has nothing of a stream go out before it agrees', async () => {
    const { calls, services: with_ } = services(({ body }) =>
      body.includes('"event":"response"')
        ? { status: 200, body: '{"action":"block","reason":"no"}' }
        : { status: 204, body: '' },
    )
    const { stream } = await plugged([webhook.create(settings, with_)], hello)
    await expect(stream(chatStream(['Hel', 'lo']))).rejects.toBeInstanceOf(AppError)
    expect(JSON.parse(calls[1]?.body ?? '')).toMatchObject({
      event: 'response',
      document: null,
      texts: ['Hello'],
    })
    const agreeing = await plugged([webhook.create(settings, allowing().services)], hello)
    expect(saidIn(await agreeing.stream(chatStream(['Hel', 'lo'])))).toBe('Hello')
  })

  it('is asked only where it is told to', async () => {
    const { calls, services: with_ } = allowing()
    await plugged([webhook.create({ ...settings, events: ['response'] }, with_)], hello)
    expect(calls).toEqual([])
  })
})

describe('the plugins of a deployment', () => {
  const request = {
    endpoint: 'chat',
    requestId: 'req_1',
    document: { model: 'fast', messages: [], seed: 1 },
  } as const
  const deployment = (plugins: KnownDeployment['plugins']) =>
    ({ name: 'fast', plugins }) as unknown as KnownDeployment

  it('run in their order, on a copy', async () => {
    const chains = new PluginChains(() => noServices)
    const own = deployment([
      { name: 'system_prompt', settings: { text: 'first' } },
      { name: 'system_prompt', settings: { text: 'second' } },
    ])
    const { document, filter } = await chains.run(own, request)
    expect(document['messages']).toEqual([{ role: 'system', content: 'second\n\nfirst' }])
    expect(request.document.messages).toEqual([])
    expect(filter).toBeUndefined()
  })

  it('are refused by a gateway that does not know one of them', async () => {
    const chains = new PluginChains(() => noServices)
    for (const name of ['constructor', 'later']) {
      await expect(chains.run(deployment([{ name, settings: {} }]), request)).rejects.toThrow(name)
    }
  })

  it('see a number as the caller wrote it', async () => {
    const chains = new PluginChains(() => noServices)
    const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('12345678901234567890')
    const own = deployment([{ name: 'system_prompt', settings: { text: 'a' } }])
    const { document } = await chains.run(own, {
      ...request,
      document: { model: 'm', messages: [], seed: raw },
    })
    expect(JSON.stringify(document)).toContain('"seed":12345678901234567890')
  })
})
