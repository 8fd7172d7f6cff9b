import { LLMock } from '@copilotkit/aimock'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAttempts, report, waitForAttempt } from '../stack/accounting.js'
import { send } from '../stack/client.js'
import { atLeast } from '../stack/matchers.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let mock: LLMock

const transcribed = 'The weir holds.'

beforeAll(async () => {
  ;[weir, mock] = await Promise.all([useWeir(), LLMock.create({ port: 0, journalMaxEntries: 0 })])
  mock.onEmbedding(/./, { embedding: [0.25, -0.5, 0.75] })
  mock.onImage(/./, { images: [{ b64Json: 'AAAA' }, { b64Json: 'BBBB' }] })
  mock.onSpeech(/./, { audio: Buffer.from('sound').toString('base64') })
  mock.onTranscription({ transcription: { text: transcribed, duration: 2.5 } })
  mock.onRerank(/./, [
    { index: 1, relevance_score: 0.9 },
    { index: 0, relevance_score: 0.1 },
  ])
})
afterAll(() => mock.stop())

/** A second of silence. */
const wav = (): Buffer => {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt32LE(8_000, 28)
  head.write('data', 36)
  head.writeUInt32LE(8_000, 40)
  return Buffer.concat([head, Buffer.alloc(8_000)])
}

describe.each(['sandbox', 'aimock'])('the official npm SDK over %s', (upstream) => {
  let scene: Scene
  let client: OpenAI
  const isMock = upstream === 'aimock'

  beforeAll(async () => {
    scene = await createScene(weir, isMock ? { baseUrl: `${mock.url}/v1` } : {})
    client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key, maxRetries: 0 })
  })

  const modelAt = async (prices: Record<string, string>) => (await scene.addModel({ prices })).name

  it('embeds, packed and not, by the token', async () => {
    const model = await modelAt({ input_per_million: '1000' })
    const input = ['Hello there', 'And again']
    const { data, request_id } = await client.embeddings.create({ model, input }).withResponse()
    expect(data.data.map(({ embedding }) => embedding.length)).toEqual(isMock ? [3, 3] : [64, 64])
    if (isMock) expect(data.data[0]?.embedding).toEqual([0.25, -0.5, 0.75])
    const attempt = await waitForAttempt(weir.management, request_id)
    expect(attempt).toMatchObject({
      endpoint: 'embeddings',
      input_tokens: atLeast(isMock ? 0 : 1),
      output_tokens: 0,
    })
    expect(attempt.cost_usd).toBe(`${(attempt.input_tokens / 1_000).toFixed(3)}000000`)
    const plain = await client.embeddings.create({ model, input, encoding_format: 'float' })
    expect(plain.data[1]?.embedding).toEqual(data.data[1]?.embedding)
  })

  it('draws, by the image', async () => {
    const model = await modelAt({ per_image: '0.04' })
    const { data, request_id } = await client.images
      .generate({ model, prompt: 'A weir', n: 2 })
      .withResponse()
    expect(data.data).toHaveLength(2)
    expect(await waitForAttempt(weir.management, request_id)).toMatchObject({
      ...{ endpoint: 'images', usage_source: 'reported', images: 2, cost_usd: '0.080000000' },
    })
  })

  it('speaks, by the character', async () => {
    const model = await modelAt({ per_million_characters: '15' })
    const reply = await client.audio.speech.create({ model, voice: 'alloy', input: 'Grüße 🌊' })
    const sound = Buffer.from(await reply.arrayBuffer())
    expect(reply.headers.get('content-type')).toMatch(/^audio\//)
    expect(sound.length).toBe(isMock ? 5 : 12_044)
    expect(await waitForAttempt(weir.management, reply.headers.get('x-request-id'))).toMatchObject({
      ...{ endpoint: 'speech', characters: 7, cost_usd: '0.000105000', outcome: 'succeeded' },
    })
  })

  it('writes down what is said, by the second', async () => {
    const model = await modelAt({ per_minute: '0.006' })
    const file = await toFile(wav(), 'a.wav', { type: 'audio/wav' })
    const create = (format: 'json' | 'verbose_json') =>
      client.audio.transcriptions.create({ model, file, response_format: format }).withResponse()
    const { data, request_id } = await create('verbose_json')
    expect(data.text).toBe(isMock ? transcribed : '8044 bytes of sound, 1 s.')
    expect(await waitForAttempt(weir.management, request_id)).toMatchObject({
      ...{ endpoint: 'transcriptions', audio_seconds: isMock ? 3 : 1, usage_source: 'reported' },
      cost_usd: isMock ? '0.000300000' : '0.000100000',
    })
    expect((await create('json')).data.text).toBe(data.text)
  })

  it('moderates, by the request', async () => {
    const model = await modelAt({ per_thousand_requests: '0.5' })
    const { data, request_id } = await client.moderations
      .create({ model, input: 'no violence' })
      .withResponse()
    expect(data.results).toHaveLength(1)
    if (!isMock) expect(data.results[0]?.categories.violence).toBe(true)
    expect(await waitForAttempt(weir.management, request_id)).toMatchObject({
      ...{ endpoint: 'moderations', charged_requests: 1, cost_usd: '0.000500000', input_tokens: 0 },
    })
  })

  it('ranks, by the search', async () => {
    // Cohere's API, where most have it from, is below /v2.
    const provider = isMock && (await scene.factory.createProvider({ base_url: `${mock.url}/v2` })).id
    const prices = { per_thousand_searches: '2' }
    const { name: model } = await scene.addModel({ prices, ...(provider && { provider }) })
    const body = { model, query: 'high water', documents: ['a dry bed', 'the water is high'], top_n: 2 }
    const reply = await send({ url: weir.url, key: scene.key, path: '/v1/rerank', body })
    const { results } = JSON.parse(reply.text) as { results: { index: number }[] }
    expect(results.map(({ index }) => index)).toEqual([1, 0])
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      // The mock bills none.
      ...{ endpoint: 'rerank', searches: isMock ? 0 : 1, usage_source: 'reported' },
      cost_usd: isMock ? '0.000000000' : '0.002000000',
    })
  })
})

describe('an endpoint', () => {
  it('shows one and the same usage and cost in the log, in usage and in costs', async () => {
    const { management } = weir
    const scene = await createScene(weir)
    const { name: model } = await scene.addModel({
      prices: { per_image: '0.01', per_thousand_requests: '1' },
    })
    const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key, maxRetries: 0 })
    for (const n of [1, 3, 5]) {
      const { request_id } = await client.images.generate({ model, prompt: 'A weir', n }).withResponse()
      await waitForAttempt(management, request_id)
    }
    const expected = { attempts: 3, requests: 3, images: 9, cost_usd: '0.093000000', input_tokens: 0 }
    expect(await listAttempts(management, { model })).toHaveLength(3)
    for (const path of ['/v1/usage', '/v1/costs'] as const) {
      await expect
        .poll(() => report(management, path, 'model', { model }), { timeout: 10_000 })
        .toMatchObject([expected])
    }
  })

  it('is held to a budget by what it asks for, before it is called', async () => {
    const scene = await createScene(weir)
    const { name: model } = await scene.addModel({ prices: { per_image: '0.04' } })
    const { key, id } = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, team: scene.team.id, max_budget: '0.1', budget_duration: 'daily' },
    })
    const draw = async (n: number) => {
      const body = { model, prompt: 'A weir', n }
      const reply = await send({ url: weir.url, key, path: '/v1/images/generations', body })
      return [reply.status, (JSON.parse(reply.text) as { error?: { code: string } }).error?.code]
    }
    await expect.poll(() => draw(1), { timeout: 10_000 }).toEqual([200, undefined])
    expect(await draw(3)).toEqual([429, 'budget_exceeded'])
    expect(await draw(1)).toEqual([200, undefined])
    expect(await draw(1)).toEqual([429, 'budget_exceeded'])
    await expect
      .poll(() => listAttempts(weir.management, { key: id }), { timeout: 10_000 })
      .toMatchObject([{ cost_usd: '0.040000000' }, { cost_usd: '0.040000000' }])
  })

  it('is refused by its name where the provider’s type has none', async () => {
    const scene = await createScene(weir)
    const provider = await scene.factory.createProvider({ type: 'anthropic', base_url: 'http://127.0.0.1:9' })
    const { name: model } = await scene.addModel({ provider: provider.id })
    const requests: [string, object][] = [
      ['/v1/embeddings', { input: 'x' }],
      ['/v1/images/generations', { prompt: 'x' }],
      ['/v1/audio/speech', { input: 'x', voice: 'alloy' }],
      ['/v1/moderations', { input: 'x' }],
      ['/v1/rerank', { query: 'x', documents: ['y'] }],
    ]
    for (const [path, fields] of requests) {
      const reply = await send({ url: weir.url, key: scene.key, path, body: { model, ...fields } })
      const { error } = JSON.parse(reply.text) as { error: { code: string; param: string; message: string } }
      expect([path, reply.status, error.code]).toEqual([path, 400, 'unsupported_model'])
      expect(error.message).toContain(error.param)
    }
    expect(await listAttempts(weir.management, { model })).toEqual([])
  })

  it('is not served to a key that is not for it', async () => {
    const scene = await createScene(weir)
    const { key } = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, team: scene.team.id, endpoints: ['embeddings', 'models'] },
    })
    const ask = async (path: string, fields: object) => {
      const reply = await send({ url: weir.url, key, path, body: { model: scene.model.name, ...fields } })
      return [reply.status, (JSON.parse(reply.text) as { error?: { code: string } }).error?.code]
    }
    expect(await ask('/v1/images/generations', { prompt: 'x' })).toEqual([403, 'endpoint_not_allowed'])
    expect(await ask('/v1/audio/speech', { input: 'x', voice: 'a' })).toEqual([403, 'endpoint_not_allowed'])
    expect(await ask('/v1/embeddings', { input: 'x' })).toEqual([200, undefined])
  })

  it('whose caller leaves costs what was sent to be done, and not the bytes of its body', async () => {
    const vendor = await RawUpstream.start()
    try {
      const scene = await createScene(weir, { baseUrl: vendor.baseUrl })
      const prices = { per_minute: '0.006', input_per_million: '1000' }
      const { name: model } = await scene.addModel({ prices })
      const asked = new Promise<void>((resolve) => {
        // A form's model is none that it sees.
        vendor.answer('', () => resolve())
      })
      const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: scene.key, maxRetries: 0 })
      const leaving = new AbortController()
      const file = await toFile(wav(), 'a.wav', { type: 'audio/wav' })
      const reply = client.audio.transcriptions.create({ model, file }, { signal: leaving.signal })
      await asked
      leaving.abort()
      await expect(reply).rejects.toThrow(/abort/i)
      await expect
        .poll(() => listAttempts(weir.management, { model }), { timeout: 10_000 })
        .toMatchObject([
          {
            ...{ outcome: 'client_closed', usage_source: 'estimated', audio_seconds: 1, input_tokens: 0 },
            cost_usd: '0.000100000',
          },
        ])
    } finally {
      await vendor.stop()
    }
  })

  it('does not end sound that breaks off as if it were whole', async () => {
    const vendor = await RawUpstream.start()
    try {
      const scene = await createScene(weir, { baseUrl: vendor.baseUrl })
      const model = scene.model.name
      vendor.answer(model, async (call) => {
        call.startStream({ 'content-type': 'audio/mpeg' })
        await call.write('half of the sound')
        setTimeout(() => call.socket.destroy(), 50)
      })
      const body = { model, input: 'Hello', voice: 'alloy' }
      await expect(send({ url: weir.url, key: scene.key, path: '/v1/audio/speech', body })).rejects.toThrow()
      await expect
        .poll(() => listAttempts(weir.management, { model }), { timeout: 10_000 })
        .toMatchObject([{ outcome: 'cut', endpoint: 'speech' }])
    } finally {
      await vendor.stop()
    }
  })
})
