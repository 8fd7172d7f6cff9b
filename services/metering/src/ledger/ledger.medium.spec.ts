import { status as GrpcStatus } from '@grpc/grpc-js'
import { usageUnitTable } from '@weir/rating'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { priceOf } from '../testing/fake-catalog.js'
import { RunningMetering } from '../testing/running-metering.js'
import { settledEvent, settledMessages } from '../testing/settled-event.js'

const usd = 1_000_000_000n

describe('the ledger', () => {
  let metering: RunningMetering

  beforeAll(async () => {
    metering = await RunningMetering.start()
    const { prices } = metering.catalog
    prices.set(
      'price_full',
      priceOf('price_full', {
        input: 10n * usd,
        cache_read: usd,
        cache_write: 12n * usd,
        output: 30n * usd,
        reasoning: 60n * usd,
      }),
    )
    const tier = (unit: string, rate: bigint) => ({
      unit,
      nanoUsdPerMillion: String(rate),
      aboveInputTokens: '200000',
    })
    prices.set(
      'price_tiers',
      priceOf('price_tiers', { input: usd, output: 2n * usd }, [
        tier('input', 10n * usd),
        tier('output', 20n * usd),
      ]),
    )
    prices.set('price_input_only', priceOf('price_input_only', { input: usd }))
  })

  afterAll(() => metering.stop())

  beforeEach(async () => {
    await metering.idle()
    await metering.sql.query('TRUNCATE ledger, usage_hourly')
    metering.catalog.failWith = undefined
  })

  const total = async () => (await metering.usage())[0]

  it('counts an event once, however often it comes', async () => {
    const event = settledEvent()
    await metering.publish([event, event, event])
    await metering.idle()
    await metering.publish([event])
    await metering.publish([event, settledEvent({ virtualKey: 'key_1' })])
    await metering.idle()
    expect(await total()).toMatchObject({ requests: 2, attempts: 2, input_tokens: 200, output_tokens: 20 })
    expect(await metering.requests()).toHaveLength(2)
  })

  it('takes one of two copies that differ, and the same one everywhere', async () => {
    const event = settledEvent()
    await metering.publish([event, { ...event, inputTokens: 5_000 }])
    await metering.idle()
    const [row] = await metering.requests()
    expect(await total()).toMatchObject({ attempts: 1, input_tokens: row?.input_tokens })
  })

  it('counts a request once and every attempt', async () => {
    const requestId = 'req_retried'
    await metering.publish([
      settledEvent({
        requestId,
        attempt: 1,
        outcome: 'failed',
        upstreamStatus: 503,
        inputTokens: 0,
        outputTokens: 0,
      }),
      settledEvent({ requestId, attempt: 2, model: 'large' }),
    ])
    await metering.idle()
    expect(await total()).toMatchObject({ requests: 1, attempts: 2, input_tokens: 100 })
    expect(await metering.usage('group_by=model')).toMatchObject([
      { model: 'large', requests: 0, attempts: 1 },
      { model: 'small', requests: 1, attempts: 1 },
    ])
  })

  it('tells cached, written and reasoning tokens apart, in figures and in cost', async () => {
    const usage = {
      inputTokens: 1,
      cachedInputTokens: 20,
      cacheWriteTokens: 300,
      outputTokens: 4_000,
      reasoningTokens: 50_000,
    }
    await metering.publish([settledEvent({ priceId: 'price_full', ...usage })])
    await metering.idle()
    expect(await total()).toMatchObject({
      input_tokens: 1,
      cached_input_tokens: 20,
      cache_write_tokens: 300,
      output_tokens: 4_000,
      reasoning_tokens: 50_000,
      // (1×10 + 20×1 + 300×12 + 4,000×30 + 50,000×60) / 1,000,000
      cost_usd: '3.123630000',
      unpriced_attempts: 0,
    })
  })

  it.each(usageUnitTable.map(({ unit, bucket, field }, index) => ({ unit, bucket, field, index })))(
    'counts $field from the event to the report and the log, at the rate of $unit',
    async ({ unit, bucket, field, index }) => {
      const id = `price_of_${unit}`
      metering.catalog.prices.set(id, priceOf(id, { [unit]: 1_000_000n }))
      const nothing = { inputTokens: 0, outputTokens: 0 }
      await metering.publish([settledEvent({ priceId: id, ...nothing, [bucket]: 100 + index })])
      await metering.idle()
      const expected = { [field]: 100 + index }
      const cost_usd = `0.000000${100 + index}`
      expect(await total()).toMatchObject({ ...expected, cost_usd, unpriced_attempts: 0 })
      const [row] = await metering.requests()
      expect(row).toMatchObject({ ...expected, cost_usd, rating_status: 'rated' })
      const others = usageUnitTable.filter((other) => other.unit !== unit)
      expect(others.map((other) => row?.[other.field])).toEqual(others.map(() => 0))
    },
  )

  it('rates a level of service by its own rates, and shows it', async () => {
    const flat = (rate: bigint) => priceOf('any', { input: rate, output: rate }).rates
    metering.catalog.prices.set('price_levels', {
      ...priceOf('price_levels', { input: 10n * usd, output: 10n * usd }),
      serviceTiers: [{ serviceTier: 'flex', rates: flat(5n * usd) }],
    })
    const usage = { priceId: 'price_levels', inputTokens: 1_000, outputTokens: 0 }
    await metering.publish([
      settledEvent({ ...usage, model: 'a' }),
      settledEvent({ ...usage, model: 'b', serviceTier: 'flex' }),
      settledEvent({ ...usage, model: 'c', serviceTier: 'priority' }),
    ])
    await metering.idle()
    expect(await metering.usage('group_by=model')).toMatchObject([
      { model: 'a', cost_usd: '0.010000000', unpriced_attempts: 0 },
      { model: 'b', cost_usd: '0.005000000', unpriced_attempts: 0 },
      { model: 'c', cost_usd: '0.000000000', unpriced_attempts: 1 },
    ])
    const log = await metering.requests()
    expect(log.map(({ model, service_tier }) => [model, service_tier]).toSorted()).toEqual([
      ['a', null],
      ['b', 'flex'],
      ['c', 'priority'],
    ])
  })

  it('prices every unit by the tier that the whole input reaches', async () => {
    const usage = { priceId: 'price_tiers', inputTokens: 150_000, outputTokens: 1_000 }
    await metering.publish([
      settledEvent({ ...usage, cachedInputTokens: 50_000, model: 'at' }),
      settledEvent({ ...usage, cachedInputTokens: 50_001, model: 'beyond' }),
    ])
    await metering.idle()
    expect(await metering.usage('group_by=model')).toMatchObject([
      { model: 'at', cost_usd: '0.202000000' },
      { model: 'beyond', cost_usd: '2.020010000' },
    ])
  })

  it('costs nothing when the model is free', async () => {
    await metering.publish([settledEvent({ priceId: '' })])
    await metering.idle()
    expect(await total()).toMatchObject({ attempts: 1, cost_usd: '0.000000000', unpriced_attempts: 0 })
    expect(await metering.requests()).toMatchObject([
      { rating_status: 'free', price_id: null, cost_usd: '0.000000000' },
    ])
  })

  it('shows usage without a known price as unpriced, never as free', async () => {
    await metering.publish([
      settledEvent({ priceId: 'price_nobody_knows' }),
      settledEvent({ priceId: 'price_input_only', outputTokens: 1 }),
      settledEvent({ priceId: 'price_input_only', outputTokens: 0 }),
    ])
    await metering.idle()
    expect(await total()).toMatchObject({ attempts: 3, cost_usd: '0.000100000', unpriced_attempts: 2 })
    const rows = await metering.requests()
    expect(rows.filter((row) => row.cost_usd === null)).toMatchObject([
      { rating_status: 'unpriced' },
      { rating_status: 'unpriced' },
    ])
  })

  it('keeps usage waiting while the catalog is away, then rates it', async () => {
    metering.catalog.prices.set('price_late', priceOf('price_late', { input: usd, output: usd }))
    metering.catalog.failWith = GrpcStatus.UNAVAILABLE
    await metering.publish([settledEvent({ priceId: 'price_late', virtualKey: 'key_late' })])
    await waitFor(() => metering.catalog.asked.filter((id) => id === 'price_late').length >= 2)
    expect(await total()).toBeUndefined()
    metering.catalog.failWith = undefined
    await metering.idle()
    expect(await total()).toMatchObject({ attempts: 1, cost_usd: '0.000110000' })
  })

  it('asks the catalog for a price once, and not again after a restart', async () => {
    metering.catalog.prices.set('price_once', priceOf('price_once', { input: usd, output: usd }))
    const event = () => settledEvent({ priceId: 'price_once' })
    await metering.publish([event(), event()])
    await metering.publish([event()])
    await metering.idle()
    expect(metering.catalog.asked.filter((id) => id === 'price_once')).toHaveLength(1)
    expect((await metering.sql.query(`SELECT FROM price WHERE id = 'price_once'`)).rowCount).toBe(1)
  })

  it('puts what starts before midnight, UTC, on the day and month before', async () => {
    await metering.publish([
      settledEvent({ startedAt: '2026-03-31T23:59:59.999Z', endedAt: '2026-04-01T00:00:10Z' }),
      settledEvent({ startedAt: '2026-04-01T00:00:00.000Z' }),
      settledEvent({ startedAt: '2026-04-01T01:30:00.000+02:00' }),
    ])
    await metering.idle()
    const starts = async (interval: string) =>
      (await metering.usage(`interval=${interval}`)).map(({ start, attempts }) => [start, attempts])
    expect(await starts('hour')).toEqual([
      ['2026-03-31T23:00:00Z', 2],
      ['2026-04-01T00:00:00Z', 1],
    ])
    expect(await starts('day')).toEqual([
      ['2026-03-31T00:00:00Z', 2],
      ['2026-04-01T00:00:00Z', 1],
    ])
    expect(await starts('month')).toEqual([
      ['2026-03-01T00:00:00Z', 2],
      ['2026-04-01T00:00:00Z', 1],
    ])
  })

  it('sets hostile events aside and goes on with the rest', async () => {
    const [good] = settledMessages([settledEvent()])
    const change = (change: object) => ({
      ...good!,
      value: JSON.stringify({ ...(JSON.parse(good!.value) as object), ...change }),
    })
    const hostile = [
      change({ input_tokens: -1 }),
      change({ output_tokens: 2 ** 31 }),
      change({ input_tokens: 1.5 }),
      change({ event_id: 'not-a-uuid' }),
      change({ started_at: 'now' }),
      change({ team: 'nul\0' }),
      change({ attempt: 0 }),
      { ...good!, value: '[' },
    ]
    await metering.publishMessages([...hostile, good!])
    await metering.idle()
    expect(await total()).toMatchObject({ attempts: 1, input_tokens: 100 })
    const { rows } = await metering.sql.query<{ count: string }>(
      `SELECT count(*) FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id WHERE t.name = 'weir.usage.request-settled.v1.dead-letter'`,
    )
    expect(Number(rows[0]?.count)).toBe(hostile.length)
  })

  it('holds the largest numbers that an event may carry', async () => {
    metering.catalog.prices.set(
      'price_max',
      priceOf('price_max', { input: 2n ** 64n - 1n, output: 2n ** 64n - 1n }),
    )
    const most = { inputTokens: 2 ** 31 - 1, cachedInputTokens: 2 ** 31 - 1, outputTokens: 2 ** 31 - 1 }
    await metering.publish(Array.from({ length: 20 }, () => settledEvent({ priceId: 'price_max', ...most })))
    await metering.idle()
    const each = (3n * (2n ** 31n - 1n) * (2n ** 64n - 1n) + 500_000n) / 1_000_000n
    const nano = String(each * 20n)
    expect(await total()).toMatchObject({
      attempts: 20,
      input_tokens: 20 * (2 ** 31 - 1),
      cost_usd: `${nano.slice(0, -9)}.${nano.slice(-9)}`,
    })
  })

  it('undoes a batch that fails half-way, and records it whole when it comes again', async () => {
    await metering.sql.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON outbox EXECUTE FUNCTION refuse()`)
    await metering.publish([settledEvent(), settledEvent()])
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await metering.requests()).toEqual([])
    expect(await total()).toBeUndefined()
    await metering.sql.query('DROP TRIGGER refuse ON outbox; DROP FUNCTION refuse()')
    await metering.idle()
    expect(await total()).toMatchObject({ attempts: 2, input_tokens: 200 })
  })
})
