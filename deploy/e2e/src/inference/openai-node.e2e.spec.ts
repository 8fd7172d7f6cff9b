import type { LLMock } from '@copilotkit/aimock'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { containing } from '../stack/matchers.js'
import { chunk, RawUpstream, sse } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { mockCities, mockHello, mockWeather, startWeatherMock } from '../stack/weather-mock.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let mock: LLMock

beforeAll(async () => {
  ;[weir, mock] = await Promise.all([useWeir(), startWeatherMock()])
})
afterAll(() => mock.stop())

const user = (content: string) => [{ role: 'user' as const, content }]
const weatherTool = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'The weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

describe.each(['sandbox', 'aimock'])('the official npm SDK over %s', (upstream) => {
  let scene: Scene
  let client: OpenAI
  const isMock = upstream === 'aimock'

  beforeAll(async () => {
    scene = await createScene(weir, isMock ? { baseUrl: `${mock.url}/v1` } : {})
    client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key, maxRetries: 0 })
  })

  const expected = isMock ? mockHello : 'You said: Hello'

  it('chats', async () => {
    const { data, request_id } = await client.chat.completions
      .create({ model: scene.model.name, messages: user('Hello') })
      .withResponse()
    expect(data.choices[0]?.message).toMatchObject({ role: 'assistant', content: expected })
    expect(data.usage?.total_tokens).toBeGreaterThan(0)
    expect(request_id).toMatch(/^req_/)
  })

  it('streams, with usage only when asked', async () => {
    for (const include_usage of [false, true]) {
      const stream = await client.chat.completions.create({
        ...{ model: scene.model.name, messages: user('Hello'), stream: true },
        ...(include_usage && { stream_options: { include_usage } }),
      })
      let text = ''
      let usage: OpenAI.CompletionUsage | null | undefined
      let chunks = 0
      for await (const part of stream) {
        text += part.choices[0]?.delta.content ?? ''
        usage = part.usage ?? usage
        chunks += 1
      }
      expect([text, usage !== undefined && usage !== null]).toEqual([expected, include_usage])
      expect(chunks).toBeGreaterThan(2)
    }
  })

  it('gathers a stream with its helper', async () => {
    const stream = client.chat.completions.stream({ model: scene.model.name, messages: user('Hello') })
    expect(await stream.finalContent()).toBe(expected)
  })

  it.each([false, true])('completes a loop of tools (streamed: %s)', async (stream) => {
    const asked: string[] = []
    const tool = {
      ...weatherTool,
      function: {
        ...weatherTool.function,
        parse: (text: string) => JSON.parse(text) as { city: string },
        function: ({ city }: { city: string }) => (asked.push(city), { degrees: 21 }),
      },
    }
    const request = { model: scene.model.name, messages: user('What is the weather?'), tools: [tool] }
    const runner = stream
      ? client.chat.completions.runTools({ ...request, stream: true })
      : client.chat.completions.runTools(request)
    const content = await runner.finalContent()
    expect(asked).toEqual(isMock ? mockCities : ['example'])
    expect(content).toBe(isMock ? mockWeather : 'You said: {"degrees":21}')
    expect(runner.messages.map(({ role }) => role)).toEqual([
      ...['user', 'assistant', ...asked.map(() => 'tool'), 'assistant'],
    ])
  })

  it('lists and retrieves models', async () => {
    const models = []
    for await (const model of client.models.list()) models.push(model)
    expect(models.find(({ id }) => id === scene.model.name)).toMatchObject({
      ...{ object: 'model', owned_by: scene.provider.name },
    })
    expect((await client.models.retrieve(scene.model.name)).id).toBe(scene.model.name)
  })

  it('is accounted for, call by call', async () => {
    const calls = isMock
      ? mock.getRequests().filter(({ path }) => path.endsWith('/chat/completions')).length
      : 8
    const attempts = await waitForAttempts(weir.management, { key: scene.virtualKey.id }, calls)
    expect(attempts).toHaveLength(calls)
    expect(new Set(attempts.map(({ outcome, usage_source }) => `${outcome} ${usage_source}`))).toEqual(
      new Set(['succeeded reported']),
    )
  })
})

describe('the official npm SDK', () => {
  let scene: Scene
  let raw: RawUpstream
  let client: OpenAI

  beforeAll(async () => {
    raw = await RawUpstream.start()
    scene = await createScene(weir, { baseUrl: raw.baseUrl })
    client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key })
  })
  afterAll(() => raw.stop())

  it('raises in the middle of a stream that is cut', async () => {
    raw.answer(scene.model.name, async (call) => {
      call.startStream()
      await call.event(chunk('Half of'))
      setTimeout(() => call.cut(), 50)
    })
    const stream = await client.chat.completions.create({
      model: scene.model.name,
      messages: user('Hi'),
      stream: true,
    })
    const read: string[] = []
    const reading = (async () => {
      for await (const part of stream) read.push(part.choices[0]?.delta.content ?? '')
    })()
    const error = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(read).toEqual(['Half of'])
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({
      code: 'provider_error',
      message: containing('broke off'),
    })
  })

  it('raises when a stream is refused at its start', async () => {
    const asked = client.chat.completions.create({ model: 'nothing', messages: user('Hi'), stream: true })
    await expect(asked).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('stops the provider when it is aborted', async () => {
    raw.answer(scene.model.name, async (call) => {
      call.startStream()
      while (!call.response.destroyed) {
        await call.event(chunk('on and on '))
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })
    const before = raw.calls.length
    const stream = await client.chat.completions.create({
      model: scene.model.name,
      messages: user('Hi'),
      stream: true,
    })
    for await (const _ of stream) break
    await expect.poll(() => raw.calls[before]?.leftAt, { timeout: 1_000 }).toBeDefined()
  })

  it('tries again by itself what may pass, each time as an attempt of its own', async () => {
    const { key, id } = await scene.factory.createVirtualKey({
      workspace: scene.workspace.id,
      team: scene.team.id,
    })
    let count = 0
    raw.answer(scene.model.name, async (call) => {
      if ((count += 1) < 3) return call.reply(count === 1 ? 500 : 429, {}, { 'retry-after': '0' })
      call.startStream()
      const choices = [{ index: 0, delta: { role: 'assistant', content: 'At last.' }, finish_reason: 'stop' }]
      call.end(sse(chunk('', { choices })) + sse('[DONE]'))
    })
    const patient = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: key })
    const content = await patient.chat.completions
      .stream({ model: scene.model.name, messages: user('Hi') })
      .finalContent()
    expect(content).toBe('At last.')
    const attempts = await waitForAttempts(weir.management, { key: id }, 3)
    expect(attempts.map(({ outcome }) => outcome).sort()).toEqual(['failed', 'failed', 'succeeded'])
  })
})
