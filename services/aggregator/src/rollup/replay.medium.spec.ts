import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ratedEvent } from '../testing/rated-event.js'
import { RunningAggregator } from '../testing/running-aggregator.js'

const paths = ['all', 'all/a', 'all/a/b', 'all/c']

const events = Array.from({ length: 2_000 }, (_, index) => {
  const teamPath = paths[index % paths.length]!
  return ratedEvent({
    teamPath,
    team: teamPath.split('/').at(-1)!,
    virtualKey: `key_${index % 30}`,
    model: `model_${index % 4}`,
    attempt: 1 + (index % 3),
    startedAt: new Date(Date.UTC(2026, 1, 27) + index * 400_000).toISOString(),
    cost: index % 11 === 0 ? '' : `0.${String(index * 7919).padStart(9, '0')}`,
  })
})

describe('a replay of the topic', () => {
  let aggregator: RunningAggregator

  beforeAll(async () => {
    aggregator = await RunningAggregator.start()
    await aggregator.addReplica()
  })

  afterAll(() => aggregator.stop())

  async function state() {
    const rollups = await aggregator.sql.query('SELECT * FROM rollup ORDER BY interval, start, dimensions')
    const businessUnits = await aggregator.sql.query(
      'SELECT * FROM business_unit_rollup ORDER BY organization, team, interval, start',
    )
    // How often a rollup was touched depends on how events were batched; nothing else does.
    return {
      rollups: rollups.rows,
      businessUnits: businessUnits.rows.map((row) => ({ ...row, revision: 0 }) as object),
    }
  }

  it('gives an empty aggregator the same rollups, though the first run had copies, replicas and cut connections', async () => {
    let cut = 0
    const cutter = setInterval(() => {
      void aggregator.sql
        .query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%rollup%' AND state <> 'idle'`,
        )
        .then(({ rowCount }) => (cut += rowCount ?? 0))
        .catch(() => undefined)
    }, 15)
    for (let at = 0; at < events.length; at += 100) {
      await aggregator.publish(events.slice(at, at + 100))
      await aggregator.publish(events.slice(Math.max(at - 50, 0), at + 50).reverse())
    }
    clearInterval(cutter)
    await aggregator.idle()
    expect(cut).toBeGreaterThan(0)
    const first = await state()
    expect(first.rollups.length).toBeGreaterThan(events.length)

    await aggregator.startAnew()
    await aggregator.idle()
    expect(await state()).toEqual(first)
  })

  it('has in each kind of interval, and at the top of the tree, the sum of all events', async () => {
    const costNanoUsd = events.reduce((sum, { cost }) => sum + BigInt(cost.replace('.', '') || 0), 0n)
    const { rows } = await aggregator.sql.query<object>(
      `SELECT interval, sum(cost_nano_usd)::text AS cost, sum(attempts)::int AS attempts, sum(requests)::int AS requests,
         sum(unpriced_attempts)::int AS unpriced FROM rollup GROUP BY interval ORDER BY interval`,
    )
    const sums = {
      cost: String(costNanoUsd),
      attempts: events.length,
      requests: events.filter(({ attempt }) => attempt === 1).length,
      unpriced: events.filter(({ cost }) => cost === '').length,
    }
    expect(rows).toEqual(['hour', 'day', 'month'].map((interval) => ({ interval, ...sums })))
    const top = await aggregator.sql.query<object>(
      `SELECT interval, sum(cost_with_descendants_nano_usd)::text AS cost FROM business_unit_rollup
       WHERE team = 'all' GROUP BY interval ORDER BY interval`,
    )
    expect(top.rows).toEqual(
      ['hour', 'day', 'month'].map((interval) => ({ interval, cost: String(costNanoUsd) })),
    )
  })
})
