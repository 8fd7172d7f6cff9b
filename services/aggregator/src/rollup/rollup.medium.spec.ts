import { usageUnitTable } from '@weir/rating'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ratedEvent, ratedMessages } from '../testing/rated-event.js'
import { RunningAggregator } from '../testing/running-aggregator.js'

describe('rollups', () => {
  let aggregator: RunningAggregator

  beforeAll(async () => {
    aggregator = await RunningAggregator.start()
  })

  afterAll(() => aggregator.stop())

  beforeEach(async () => {
    await aggregator.idle()
    await aggregator.sql.query('TRUNCATE applied_event, rollup, business_unit_rollup')
    await aggregator.sql.query(
      `DELETE FROM bus.message WHERE topic_id = (SELECT id FROM bus.topic WHERE name = 'weir.cost.business-unit-cost-rolled-up.v1')`,
    )
  })

  const total = async () => (await aggregator.costs())[0]

  it('counts an event once, however often it comes', async () => {
    const event = ratedEvent()
    await aggregator.publish([event, event])
    await aggregator.idle()
    await aggregator.publish([ratedEvent(), event])
    await aggregator.idle()
    expect(await total()).toMatchObject({
      requests: 2,
      attempts: 2,
      input_tokens: 200,
      cost_usd: '0.000002000',
    })
  })

  it('adds up every unit, for the report and for the topic', async () => {
    const used = Object.fromEntries(usageUnitTable.map(({ bucket }, index) => [bucket, 100 + index]))
    await aggregator.publish([ratedEvent(used), ratedEvent(used)])
    await aggregator.idle()
    const sums = usageUnitTable.map(({ field }, index) => [field, 2 * (100 + index)])
    for (const query of ['', 'group_by=team&include_descendants=true']) {
      expect((await aggregator.costs(query)).find(({ team }) => team !== 'all')).toMatchObject(
        Object.fromEntries(sums),
      )
    }
    const [unit] = (await aggregator.businessUnits()).filter(({ team }) => team === 'payments')
    expect(unit).toMatchObject(
      Object.fromEntries(usageUnitTable.map(({ bucket }, index) => [bucket, 2 * (100 + index)])),
    )
  })

  it('keeps hours, days and months, in UTC', async () => {
    await aggregator.publish([
      ratedEvent({ startedAt: '2026-02-28T23:59:59.999Z' }),
      ratedEvent({ startedAt: '2026-03-01T00:00:00Z' }),
      ratedEvent({ startedAt: '2026-03-01T00:59:59+01:00' }),
      ratedEvent({ startedAt: '2026-12-31T23:59:59Z' }),
    ])
    await aggregator.idle()
    const starts = async (interval: string) =>
      (await aggregator.costs(`interval=${interval}`)).map(({ start, attempts }) => [start, attempts])
    expect(await starts('hour')).toEqual([
      ['2026-02-28T23:00:00Z', 2],
      ['2026-03-01T00:00:00Z', 1],
      ['2026-12-31T23:00:00Z', 1],
    ])
    expect(await starts('day')).toEqual([
      ['2026-02-28T00:00:00Z', 2],
      ['2026-03-01T00:00:00Z', 1],
      ['2026-12-31T00:00:00Z', 1],
    ])
    expect(await starts('month')).toEqual([
      ['2026-02-01T00:00:00Z', 2],
      ['2026-03-01T00:00:00Z', 1],
      ['2026-12-01T00:00:00Z', 1],
    ])
  })

  it('counts an attempt without a known cost, and says so', async () => {
    await aggregator.publish([
      ratedEvent({ cost: '' }),
      ratedEvent({ cost: '0.000000000', priceId: '' }),
      ratedEvent(),
    ])
    await aggregator.idle()
    expect(await total()).toMatchObject({ attempts: 3, cost_usd: '0.000001000', unpriced_attempts: 1 })
  })

  it('adds the cost of a team to every team above it, and its tokens to itself alone', async () => {
    await aggregator.publish([
      ratedEvent({ team: 'cards', teamPath: 'all/payments/cards', cost: '1.000000001' }),
      ratedEvent({ team: 'payments', teamPath: 'all/payments', cost: '0.500000000' }),
      ratedEvent({ team: 'search', teamPath: 'all/search', cost: '7.000000000' }),
    ])
    await aggregator.idle()
    const days = (await aggregator.businessUnits()).filter(({ interval }) => interval === 'day')
    expect(days).toMatchObject([
      {
        team: 'all',
        teamPath: 'all',
        attempts: 0,
        inputTokens: 0,
        cost: '0.000000000',
        costWithDescendants: '8.500000001',
      },
      {
        team: 'cards',
        teamPath: 'all/payments/cards',
        attempts: 1,
        cost: '1.000000001',
        costWithDescendants: '1.000000001',
      },
      {
        team: 'payments',
        teamPath: 'all/payments',
        attempts: 1,
        cost: '0.500000000',
        costWithDescendants: '1.500000001',
      },
      {
        team: 'search',
        teamPath: 'all/search',
        attempts: 1,
        cost: '7.000000000',
        costWithDescendants: '7.000000000',
      },
    ])
    expect(days[0]).toMatchObject({
      start: '2026-03-10T00:00:00Z',
      currency: 'USD',
      organization: 'org_default',
    })
    expect((await aggregator.businessUnits()).map(({ interval }) => interval)).toContain('month')
  })

  it('tells what a business unit has come to with a revision that grows', async () => {
    await aggregator.publish([ratedEvent()])
    await aggregator.idle()
    const [before] = await aggregator.businessUnits()
    await aggregator.publish([ratedEvent()])
    await aggregator.idle()
    const [after] = await aggregator.businessUnits()
    expect(after).toMatchObject({
      team: before?.team,
      interval: before?.interval,
      costWithDescendants: '0.000002000',
    })
    expect(after!.revision).toBeGreaterThan(before!.revision)
  })

  it('shows the latest place of a team that was moved, whatever order its events come in', async () => {
    await aggregator.publish([ratedEvent({ teamPath: 'new/payments', startedAt: '2026-03-10T12:00:00Z' })])
    await aggregator.idle()
    await aggregator.publish([ratedEvent({ teamPath: 'old/payments', startedAt: '2026-03-10T11:00:00Z' })])
    await aggregator.idle()
    const days = (await aggregator.businessUnits()).filter(({ interval }) => interval === 'day')
    expect(days).toMatchObject([
      { team: 'new', costWithDescendants: '0.000001000' },
      { team: 'old', costWithDescendants: '0.000001000' },
      { team: 'payments', teamPath: 'new/payments', attempts: 2 },
    ])
  })

  it('takes a path that is cut short, or goes in a circle, for what it can be', async () => {
    await aggregator.publish([
      ratedEvent({ team: 'lone', teamPath: '' }),
      ratedEvent({ team: 'round', teamPath: 'round/up/up/round' }),
      ratedEvent({ team: '', teamPath: '' }),
    ])
    await aggregator.idle()
    const days = (await aggregator.businessUnits()).filter(({ interval }) => interval === 'day')
    expect(days).toMatchObject([
      { team: 'lone', teamPath: 'lone', cost: '0.000001000' },
      { team: 'round', teamPath: 'up/round', cost: '0.000001000', costWithDescendants: '0.000001000' },
      { team: 'up', cost: '0.000000000', costWithDescendants: '0.000001000' },
    ])
    expect(await total()).toMatchObject({ attempts: 3, cost_usd: '0.000003000' })
  })

  it('sets hostile events aside and goes on with the rest', async () => {
    const [good] = ratedMessages([ratedEvent()])
    const change = (change: object) => ({
      ...good!,
      value: JSON.stringify({ ...(JSON.parse(good!.value) as object), ...change }),
    })
    const hostile = [
      change({ cost: '-1' }),
      change({ cost: '1e9' }),
      change({ cost: '9'.repeat(400) }),
      change({ currency: 'EUR' }),
      change({ input_tokens: 2 ** 32 - 1 }),
      change({ event_id: '' }),
    ]
    await aggregator.publishMessages([...hostile, good!])
    await aggregator.idle()
    expect(await total()).toMatchObject({ attempts: 1, cost_usd: '0.000001000' })
  })

  it('undoes a batch that fails half-way, and applies it whole when it comes again', async () => {
    await aggregator.sql.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON outbox EXECUTE FUNCTION refuse()`)
    await aggregator.publish([ratedEvent(), ratedEvent()])
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await aggregator.costs()).toEqual([])
    await aggregator.sql.query('DROP TRIGGER refuse ON outbox; DROP FUNCTION refuse()')
    await aggregator.idle()
    expect(await total()).toMatchObject({ attempts: 2, cost_usd: '0.000002000' })
  })
})
