import { LLMock } from '@copilotkit/aimock'
import { businessUnitCostRolledUp, requestSettled, usageRated } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { around, report, waitForAttempt, waitForAttempts } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { atMost, matching } from '../stack/matchers.js'
import { chunk, completion, RawUpstream, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { readTopic, type TopicReader } from '../stack/topics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const details = {
  prompt_tokens_details: { cached_tokens: 300 },
  completion_tokens_details: { reasoning_tokens: 20 },
}
const buckets = {
  input_tokens: 700,
  cached_input_tokens: 300,
  cache_write_tokens: 0,
  output_tokens: 30,
  reasoning_tokens: 20,
}
/** 700 × 2500 + 300 × 313 + (30 + 20) × 10010 nano-dollars; see testPrices. */
const cost = '0.002344400'

let weir: SharedWeir
let upstream: RawUpstream

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
})
afterAll(() => upstream.stop())

describe('a governed call', () => {
  let scene: Scene
  let parent: string

  beforeAll(async () => {
    parent = (await createScene(weir)).team.id
    scene = await createScene(weir, { baseUrl: upstream.baseUrl, team: { parent } })
    upstream.answer(scene.model.name, async (call) => {
      const reply = { ...completion('Hello.'), usage: usageChunk(1000, 50, details)['usage'] }
      if (call.document['stream'] !== true) return call.reply(200, reply)
      call.startStream()
      await call.event(chunk('Hello.'))
      await call.event(usageChunk(1000, 50, details))
      call.end(sse('[DONE]'))
    })
  })

  const who = (): Record<string, string> => ({
    team: scene.team.id,
    workspace: scene.workspace.id,
    workload: scene.workload.id,
    virtual_key: scene.virtualKey.id,
    model: scene.model.name,
    provider_model: scene.model.name,
    provider: scene.provider.name,
  })

  it.each([
    ['whole', false],
    ['streamed', true],
  ])('stands in the ledger with who, what and how much, when it was answered %s', async (_, stream) => {
    const reply = await send({ url: weir.url, key: scene.key, body: chat(scene.model.name, { stream }) })
    expect(reply.status).toBe(200)
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...who(),
      ...buckets,
      team_path: `${parent}/${scene.team.id}`,
      outcome: 'succeeded',
      usage_source: 'reported',
      upstream_status: 200,
      error_code: null,
      streamed: stream,
      rating_status: 'rated',
      cost_usd: cost,
    })
  })

  it.each(['/v1/usage', '/v1/costs'] as const)('is summed up by every dimension in %s', async (path) => {
    const { team, workspace, workload, model, provider, virtualKey } = scene
    const dimensions = {
      ...{ team: team.id, workspace: workspace.id, workload: workload.id },
      ...{ model: model.name, provider: provider.name, key: virtualKey.id },
    }
    const sums = {
      ...{ requests: 2, attempts: 2, cost_usd: '0.004688800' },
      ...{ input_tokens: 1400, cached_input_tokens: 600, output_tokens: 60, reasoning_tokens: 40 },
    }
    await waitFor(
      async () => (await report(weir.management, path, 'team', { team: team.id }))[0]?.attempts === 2,
      {
        what: `both attempts on ${path}`,
      },
    )
    for (const [dimension, value] of Object.entries(dimensions)) {
      const rows = await report(weir.management, path, dimension, { [dimension]: value })
      expect(rows).toEqual([expect.objectContaining({ [dimension]: value, ...sums })])
    }
    const rows = await report(weir.management, path, Object.keys(dimensions).join(','), { team: team.id })
    expect(rows).toEqual([expect.objectContaining({ ...dimensions, ...sums })])
  })

  it('counts for the business units above it', async () => {
    const rows = await waitFor(
      async () => {
        const query = { team: parent, include_descendants: 'true' }
        const found = await report(weir.management, '/v1/costs', 'team', query)
        return found[0]?.attempts === 2 ? found : undefined
      },
      { what: 'the cost of the parent' },
    )
    expect(rows).toEqual([expect.objectContaining({ team: parent, cost_usd: '0.004688800' })])
    expect(await report(weir.management, '/v1/costs', 'team', { team: parent })).toEqual([])
  })

  describe('on the topics', () => {
    const readers: TopicReader<unknown>[] = []
    afterAll(() => Promise.all(readers.map((reader) => reader.close())))

    async function read<T>(type: { topic: string; decode(value: string): T }): Promise<T[]> {
      const reader = await readTopic(weir.postgresUrl, type)
      readers.push(reader)
      return reader.events
    }

    it('is two events, settled and rated, of one id', async () => {
      const [settled, rated] = await Promise.all([read(requestSettled), read(usageRated)])
      const attempts = await waitForAttempts(weir.management, { key: scene.virtualKey.id }, 2)
      const ids = attempts.map((attempt) => attempt.event_id).sort()
      const own = <E extends { virtualKey: string }>(events: E[]): E[] =>
        events.filter((event) => event.virtualKey === scene.virtualKey.id)
      await waitFor(() => own(settled).length >= 2 && own(rated).length >= 2, { what: 'the events' })

      for (const events of [own(settled), own(rated)]) {
        expect(events.map((event) => event.eventId).sort()).toEqual(ids)
        for (const event of events) {
          expect(event).toMatchObject({
            team: scene.team.id,
            teamPath: `${parent}/${scene.team.id}`,
            workspace: scene.workspace.id,
            workload: scene.workload.id,
            model: scene.model.name,
            providerModel: scene.model.name,
            provider: scene.provider.name,
            endpoint: 'chat',
            outcome: 'succeeded',
            usageSource: 'reported',
            ...{ inputTokens: 700, cachedInputTokens: 300, outputTokens: 30, reasoningTokens: 20 },
          })
        }
      }
      expect(own(rated).map((event) => [event.cost, event.currency])).toEqual([
        [cost, 'USD'],
        [cost, 'USD'],
      ])
    })

    it('is in the rollup of its business unit and of the one above', async () => {
      const rollups = await read(businessUnitCostRolledUp)
      const latest = (team: string, interval: string) =>
        rollups.filter((event) => event.team === team && event.interval === interval).at(-1)
      for (const interval of ['hour', 'day', 'month']) {
        await waitFor(() => latest(parent, interval)?.costWithDescendants === '0.004688800', {
          what: `the parent’s rollup by ${interval}`,
        })
        expect(latest(parent, interval)).toMatchObject({ cost: '0.000000000', attempts: 0 })
        expect(latest(scene.team.id, interval)).toMatchObject({
          ...{ cost: '0.004688800', costWithDescendants: '0.004688800', currency: 'USD' },
          ...{
            requests: 2,
            attempts: 2,
            inputTokens: 1400,
            cachedInputTokens: 600,
            outputTokens: 60,
            reasoningTokens: 40,
          },
        })
      }
    })
  })

  it('is rounded once, half up, to the nano-dollar', async () => {
    const prices = { input_per_million: '0.0005', output_per_million: '0.0005' }
    const cases = [
      { prompt: 1, output: 0, cost: '0.000000001' },
      { prompt: 1, output: 1, cost: '0.000000001' },
      { prompt: 2, output: 1, cost: '0.000000002' },
      { prompt: 0, output: 0, cost: '0.000000000' },
    ]
    const model = await scene.addModel({ prices })
    for (const { prompt, output, cost } of cases) {
      upstream.answer(model.name, (call) => call.reply(200, completion('.', prompt, output)))
      const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name) })
      expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
        cost_usd: cost,
      })
    }
  })

  it('costs nothing on a model that is marked free, and says so', async () => {
    const model = await scene.addModel({ free: true })
    const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name) })
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      ...{
        cost_usd: '0.000000000',
        rating_status: 'free',
        input_tokens: 9,
        output_tokens: 3,
        price_id: null,
      },
    })
  })

  it('costs what the public list says when the model has no price of its own', async () => {
    const provider = await scene.factory.createProvider({ type: 'openai', base_url: upstream.baseUrl })
    const fields = { provider: provider.id, provider_model: 'gpt-4o-mini', prices: null }
    const model = await scene.factory.createModel(fields)
    await inForce(weir, scene.key, model.name)
    upstream.answer('gpt-4o-mini', (call) =>
      call.reply(200, { ...completion('.'), usage: usageChunk(1000, 50, details)['usage'] }),
    )
    const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name) })
    // 700 × $0.15, 300 × $0.075 and 50 × $0.60 a million.
    expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
      cost_usd: '0.000157500',
    })
  })

  it('is not to be had on a model whose price nobody knows', async () => {
    const fields = { name: unique('model'), provider: scene.provider.id, provider_model: 'nobody-knows-it' }
    const { status, text } = await weir.management.send('POST', '/v1/models', fields)
    expect([status, text]).toEqual([400, matching(/price.*(prices|free)/)])
  })

  it('is estimated when the provider does not report its usage, or reports what cannot be true', async () => {
    const model = await scene.addModel()
    const { usage: _, ...unreported } = completion('twelve bytes')
    const replies = [
      unreported,
      { ...unreported, usage: { prompt_tokens: -5, completion_tokens: 3 } },
      { ...unreported, usage: { prompt_tokens: 1e30, completion_tokens: 3 } },
      { ...unreported, usage: { prompt_tokens: 1.5, completion_tokens: 3 } },
      { ...unreported, usage: 'a lot' },
    ]
    for (const answer of replies) {
      upstream.answer(model.name, (call) => call.reply(200, answer))
      const body = chat(model.name)
      const reply = await send({ url: weir.url, key: scene.key, body })
      expect(JSON.parse(reply.text)).toEqual(answer)
      const attempt = await waitForAttempt(weir.management, reply.headers['x-request-id'])
      expect(attempt).toMatchObject({ outcome: 'succeeded', usage_source: 'estimated', output_tokens: 3 })
      expect(attempt.input_tokens).toBe(Math.ceil(Buffer.byteLength(JSON.stringify(body)) / 4))
    }
  })
})

describe('100 requests a second', () => {
  let mock: LLMock
  let scene: Scene

  beforeAll(async () => {
    mock = await LLMock.create({ port: 0, journalMaxEntries: 0 })
    mock.onMessage(/./, {
      content: 'Hello there.',
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    })
    scene = await createScene(weir, { baseUrl: `${mock.url}/v1` })
  })
  afterAll(() => mock.stop())

  it('stand in /v1/usage and /v1/costs: 99 of 100 within 2 s, all within 10 s', async () => {
    const total = 100
    const ended: number[] = []
    const seen: Record<string, { at: number; count: number }[]> = { '/v1/usage': [], '/v1/costs': [] }
    let watching = true
    const watch = async (path: '/v1/usage' | '/v1/costs'): Promise<void> => {
      while (watching) {
        const rows = await report(weir.management, path, 'team', { team: scene.team.id })
        seen[path]?.push({ at: performance.now(), count: rows[0]?.attempts ?? 0 })
        if (rows[0]?.attempts === total) return
        await sleep(50)
      }
    }
    const watches = Promise.all([watch('/v1/usage'), watch('/v1/costs')])

    const began = performance.now()
    const calls = Array.from({ length: total }, async (_, index) => {
      await sleep(Math.max(0, began + index * 10 - performance.now()))
      const reply = await send({
        ...{ url: weir.url, key: scene.key },
        body: chat(scene.model.name, { stream: index % 3 === 0 }),
      })
      ended.push(performance.now())
      return reply.status
    })
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]))
    await Promise.race([watches, sleep(10_000)])
    watching = false
    await watches

    const last = Math.max(...ended)
    for (const [path, looks] of Object.entries(seen)) {
      const final = looks.at(-1)
      expect({ path, count: final?.count, isInTime: (final?.at ?? Infinity) - last < 10_000 }).toEqual({
        ...{ path, count: total, isInTime: true },
      })
      for (const { at, count } of looks) {
        const due = ended.filter((end) => end < at - 2_000).length
        expect({ path, missing: Math.max(0, due - count) }).toEqual({
          path,
          missing: atMost(1),
        })
      }
    }
  })

  it('cost what each of them costs, and are as many as the provider has counted', async () => {
    // 11 × 2500 + 7 × 10010 nano-dollars each.
    const [row] = await report(weir.management, '/v1/costs', 'key', { ...around(), key: scene.virtualKey.id })
    expect(row).toMatchObject({
      requests: 100,
      attempts: 100,
      input_tokens: 1100,
      output_tokens: 700,
      cost_usd: '0.009757000',
    })
    expect(mock.getRequests().filter(({ path }) => path === '/v1/chat/completions')).toHaveLength(100)
  })
})
