import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { report, waitForAttempt } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let vendor: RawUpstream

beforeAll(async () => {
  ;[weir, vendor] = await Promise.all([useWeir(), RawUpstream.start()])
})
afterAll(() => vendor.stop())

interface Told {
  path: string
  body: Record<string, unknown>
  /** What the vendor answers. */
  answer: object
  prices: Record<string, unknown>
  /** What the log, the usage and the costs must say. */
  expected: { cost_usd: string } & Record<string, unknown>
}

async function expectAll(scene: Scene, { path, body, answer, prices, expected }: Told): Promise<void> {
  const { name: model } = await scene.addModel({ prices })
  vendor.answer(model, (call) => call.reply(200, answer))
  const reply = await send({ url: weir.url, key: scene.key, path, body: { model, ...body } })
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)])
  const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
  expect(attempt).toMatchObject({ usage_source: 'reported', rating_status: 'rated', ...expected })
  const { service_tier: _tier, ...figures } = expected
  for (const page of ['/v1/usage', '/v1/costs'] as const) {
    await expect
      .poll(() => report(weir.management, page, 'model', { model }), { timeout: 10_000 })
      .toMatchObject([{ attempts: 1, ...figures }])
  }
}

describe('usage as a vendor counts it', () => {
  it('is told apart by lifetimes of the cache and searches of the web, at Anthropic', async () => {
    const provider = { type: 'anthropic', base_url: vendor.baseUrl }
    const scene = await createScene(weir, { baseUrl: vendor.baseUrl, provider })
    await expectAll(scene, {
      path: '/v1/messages',
      body: { max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] },
      answer: {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
        ...{ stop_sequence: null, content: [{ type: 'text', text: 'Hello' }] },
        usage: {
          ...{ input_tokens: 1, cache_read_input_tokens: 20, cache_creation_input_tokens: 3_300 },
          cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 3_000 },
          ...{ output_tokens: 4, server_tool_use: { web_search_requests: 2 }, service_tier: 'standard' },
        },
      },
      prices: {
        ...{ input_per_million: '10', output_per_million: '30', cache_read_per_million: '1' },
        ...{
          cache_write_per_million: '12',
          cache_write_1h_per_million: '20',
          per_thousand_web_searches: '10',
        },
      },
      expected: {
        ...{
          input_tokens: 1,
          cached_input_tokens: 20,
          cache_write_tokens: 300,
          cache_write_1h_tokens: 3_000,
        },
        // (1×10 + 20×1 + 300×12 + 3,000×20 + 4×30) / 1,000,000 + 2 × 0.01
        ...{ output_tokens: 4, web_searches: 2, cost_usd: '0.083750000' },
      },
    })
  })

  it('is told apart by sound and by levels of service, at OpenAI', async () => {
    const scene = await createScene(weir, { baseUrl: vendor.baseUrl })
    await expectAll(scene, {
      path: '/v1/chat/completions',
      body: { messages: [{ role: 'user', content: 'Hello' }], service_tier: 'flex' },
      answer: {
        ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', service_tier: 'flex' },
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage: {
          ...{ prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
          prompt_tokens_details: { cached_tokens: 100, audio_tokens: 200 },
          completion_tokens_details: { reasoning_tokens: 50, audio_tokens: 300 },
        },
      },
      prices: {
        ...{ input_per_million: '10', output_per_million: '30', cache_read_per_million: '1' },
        ...{ audio_input_per_million: '40', audio_output_per_million: '80' },
        service_tiers: { flex: { multiplier: '0.5' } },
      },
      expected: {
        ...{ input_tokens: 700, cached_input_tokens: 100, audio_input_tokens: 200, output_tokens: 150 },
        ...{ reasoning_tokens: 50, audio_output_tokens: 300, service_tier: 'flex' },
        // (700×10 + 100×1 + 200×40 + 200×30 + 300×80) / 1,000,000 / 2
        cost_usd: '0.022550000',
      },
    })
  })

  it('has a cost that is not known, and not zero, for a surcharge that nobody has stated', async () => {
    const scene = await createScene(weir, { baseUrl: vendor.baseUrl })
    const { name: model } = await scene.addModel()
    vendor.answer(model, (call) =>
      call.reply(200, {
        ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', service_tier: 'priority' },
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      }),
    )
    const reply = await send({ url: weir.url, key: scene.key, body: chat(model) })
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{ service_tier: 'priority', rating_status: 'unpriced', cost_usd: null, input_tokens: 10 },
    })
  })
})
