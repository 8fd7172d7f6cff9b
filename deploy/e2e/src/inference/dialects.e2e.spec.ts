import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '@weir/testing'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, eventsOf, openCall, send } from '../stack/client.js'
import { type Resource, unique } from '../stack/factory.js'
import { chunk, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { readResidentBytes } from '../stack/metrics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

const message = (model: string, fields = {}) => ({
  ...{ model, max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] },
  ...fields,
})
const toMessages = (body: unknown, headers: Record<string, string> = {}) =>
  send({ url: weir.url, path: '/v1/messages?beta=true', body, headers })
const withKey = () => ({ 'x-api-key': scene.key })

async function addAnthropic(): Promise<Resource> {
  const provider = await scene.factory.createProvider({ type: 'anthropic', base_url: upstream.baseUrl })
  return scene.addModel({ provider: provider.id })
}

const answer = {
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'upstream-model' },
  content: [{ type: 'text', text: 'Hello there.' }],
  ...{ stop_reason: 'end_turn', stop_sequence: null },
  usage: { input_tokens: 9, output_tokens: 3 },
}

describe('the Messages API', () => {
  it.each([
    ['no key', {}, 401, 'authentication_error', 'missing_api_key'],
    ['a wrong key', { 'x-api-key': 'vk_wrong' }, 401, 'authentication_error', 'invalid_api_key'],
  ])('refuses %s in its own envelope', async (_, headers, status, type, code) => {
    const reply = await toMessages(message(scene.model.name), headers)
    const requestId = String(reply.headers['x-request-id'])
    expect(reply.status).toBe(status)
    expect(reply.headers['request-id']).toBe(requestId)
    expect(JSON.parse(reply.text)).toMatchObject({
      ...{ type: 'error', error: { type, code }, request_id: requestId },
    })
  })

  it('refuses an unknown model, and passes on that the provider limits', async () => {
    const unknown = await toMessages(message('gpt-nonexistent'), withKey())
    expect(unknown.status).toBe(404)
    expect(JSON.parse(unknown.text)).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
    upstream.answer(scene.model.name, (call) =>
      call.reply(429, { error: { message: 'later' } }, { 'retry-after': '7' }),
    )
    const limited = await toMessages(message(scene.model.name), withKey())
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '7'])
    expect(JSON.parse(limited.text)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
  })

  it('passes to Anthropic as it is, with its betas and the provider’s own credential', async () => {
    const model = await addAnthropic()
    upstream.answer(model.name, (call) => call.reply(200, answer))
    const asked = message(model.name, { future_field: { a: [1] }, cache_control: { type: 'ephemeral' } })
    const reply = await toMessages(asked, {
      ...{ authorization: `Bearer ${scene.key}`, 'anthropic-version': '2023-06-01' },
      'anthropic-beta': 'context-1m-2025-08-07,tools-2024-05-16',
    })
    expect([reply.status, reply.text]).toEqual([200, JSON.stringify(answer)])
    const [call] = upstream.callsFor(model.name)
    expect(call?.document).toEqual(asked)
    expect(call?.path).toBe('/v1/messages')
    expect(call?.request.headers).toMatchObject({
      ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'context-1m-2025-08-07,tools-2024-05-16' },
    })
    expect(call?.request.headers['authorization']).toBeUndefined()
    expect(call?.request.headers['x-api-key']).toMatch(/^sk-/)
    const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
    expect(attempt).toMatchObject({ input_tokens: 9, output_tokens: 3, usage_source: 'reported' })
  })

  it('says which fields a provider of another dialect never sees', async () => {
    const model = await scene.addModel()
    const reply = await toMessages(message(model.name, { top_k: 5, future_field: 1 }), withKey())
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.text)).toMatchObject({ type: 'message', model: model.name })
    expect(String(reply.headers['x-weir-ignored-fields']).split(', ').toSorted()).toEqual([
      'future_field',
      'top_k',
    ])
  })

  it('counts tokens: Anthropic’s own count, else an estimate that costs nothing', async () => {
    const model = await addAnthropic()
    upstream.answer(model.name, (call) => call.reply(200, { input_tokens: 42 }))
    const count = (name: string) =>
      send({
        ...{ url: weir.url, path: '/v1/messages/count_tokens', headers: withKey() },
        body: { model: name, messages: [{ role: 'user', content: 'Hello' }] },
      })
    expect(JSON.parse((await count(model.name)).text)).toEqual({ input_tokens: 42 })
    const { text, status } = await count(scene.model.name)
    expect(status).toBe(200)
    expect((JSON.parse(text) as { input_tokens: number }).input_tokens).toBeGreaterThan(0)
  })
})

describe('a stream that breaks off (threat 27)', () => {
  it.each([
    ['/v1/messages', { max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }, /"type":"message_stop"/],
    ['/v1/responses', { input: 'Hi' }, /"type":"response.completed"/],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }, /\[DONE\]/],
    ['/v1/completions', { prompt: 'Hi' }, /\[DONE\]/],
  ])('ends with an error event on %s, never with a clean end', async (path, fields, end) => {
    const model = await scene.addModel()
    upstream.answer(model.name, async (call) => {
      call.startStream()
      await call.event(
        chunk('a part', { choices: [{ index: 0, delta: { content: 'a part' }, text: 'a part' }] }),
      )
      call.end()
    })
    const reply = await send({
      ...{ url: weir.url, path, headers: withKey(), body: { model: model.name, stream: true, ...fields } },
    })
    expect(reply.status).toBe(200)
    expect(reply.text).toContain('a part')
    expect(reply.text).not.toMatch(end)
    expect(JSON.parse(eventsOf(reply.text).at(-1) ?? '')).toSatisfy(
      (event: { error?: unknown; type?: unknown }) =>
        event.error !== undefined || event.type === 'error' || event.type === 'response.failed',
    )
    const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
    expect(attempt).toMatchObject({ outcome: 'cut', usage_source: 'estimated' })
  })
})

describe('the list of models', () => {
  it('has the shape of whoever asks', async () => {
    const list = (headers: Record<string, string> = {}) =>
      send({ url: weir.url, method: 'GET', path: '/v1/models', key: scene.key, headers })
    expect(JSON.parse((await list()).text)).toMatchObject({ object: 'list' })
    const { data, ...page } = JSON.parse((await list({ 'anthropic-version': '2023-06-01' })).text) as {
      data: object[]
    }
    expect(page).toMatchObject({ has_more: false, first_id: expect.any(String) as unknown })
    expect(data).toContainEqual({
      ...{ type: 'model', id: scene.model.name, display_name: scene.model.name },
      created_at: expect.stringMatching(/^20\d\d-/) as unknown,
    })
  })
})

describe('a deployment’s name', () => {
  it('is what callers write, for all endpoints; rules and whoever is sticky decide the target', async () => {
    const [plain, tools] = await Promise.all([scene.addModel(), scene.addModel()])
    const { name } = await weir.management.create<Resource>('/v1/deployments', {
      ...{ name: unique('alias'), workspace: scene.workspace.id },
      targets: [{ model: plain.name, weight: 1 }],
      rules: [{ when: 'has_tools || headers["x-tier"] == "gold"', targets: [{ model: tools.name }] }],
    })
    await inForce(weir, scene.key, name)
    const ask = (headers: Record<string, string>, fields = {}) =>
      send({ url: weir.url, key: scene.key, headers, body: chat(name, fields) })
    expect((await ask({})).status).toBe(200)
    expect((await ask({ 'x-tier': 'gold' })).status).toBe(200)
    const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }
    expect((await ask({}, { tools: [tool] })).status).toBe(200)
    expect((await toMessages(message(name), withKey())).status).toBe(200)
    expect([upstream.callsFor(plain.name).length, upstream.callsFor(tools.name).length]).toEqual([2, 2])
  })

  it('keeps whoever it is asked to with one target, on every gateway', async () => {
    const models = await Promise.all([scene.addModel(), scene.addModel(), scene.addModel()])
    const { name } = await weir.management.create<Resource>('/v1/deployments', {
      ...{ name: unique('sticky'), workspace: scene.workspace.id, sticky: { by: 'user' } },
      targets: models.map((model) => ({ model: model.name })),
    })
    await inForce(weir, scene.key, name)
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const before = models.map((model) => upstream.callsFor(model.name).length)
      for (let count = 0; count < 6; count++) {
        await send({ url: weir.url, key: scene.key, body: chat(name, { user }) })
      }
      const gained = models.map((model, at) => upstream.callsFor(model.name).length - (before[at] ?? 0))
      expect(gained.toSorted()).toEqual([0, 0, 6])
    }
  })
})

describe('1,000 streams in which nothing happens (threat 26)', () => {
  it('hold less than 150 MB', async () => {
    const model = await scene.addModel()
    upstream.answer(model.name, async (call) => {
      call.startStream()
      await call.event(chunk('so far'))
    })
    const before = await readResidentBytes(weir)
    const calls: ReturnType<typeof openCall>[] = []
    // All at once would be a test of how fast this process takes connections.
    while (calls.length < 1_000) {
      const more = Array.from({ length: 50 }, () =>
        openCall({ url: weir.url, key: scene.key, body: chat(model.name, { stream: true }) }),
      )
      calls.push(...more)
      for (const { reply } of more) expect((await reply).statusCode).toBe(200)
    }
    const held = (await readResidentBytes(weir)) - before
    for (const { request } of calls) request.on('error', () => undefined).destroy()
    expect(held).toBeLessThan(150 * 1024 * 1024)
    await waitFor(() => upstream.callsFor(model.name).every(({ leftAt }) => leftAt !== undefined))
  }, 60_000)
})
