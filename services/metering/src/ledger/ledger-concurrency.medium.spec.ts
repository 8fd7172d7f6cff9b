import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { priceOf } from '../testing/fake-catalog.js'
import { RunningMetering } from '../testing/running-metering.js'
import { settledEvent } from '../testing/settled-event.js'

describe('two replicas of metering', () => {
  let metering: RunningMetering

  beforeAll(async () => {
    metering = await RunningMetering.start()
    metering.catalog.prices.set('price_1', priceOf('price_1', { input: 2_000_001n, output: 3_000_007n }))
    await metering.addReplica()
  })

  afterAll(() => metering.stop())

  it('count every attempt once while their connections are cut and copies come', async () => {
    const events = Array.from({ length: 3_000 }, (_, index) =>
      settledEvent({
        eventId: randomUUID(),
        virtualKey: `key_${index % 40}`,
        team: `team_${index % 3}`,
        model: `model_${index % 5}`,
        priceId: index % 10 === 0 ? '' : 'price_1',
        inputTokens: index,
        outputTokens: index % 7,
      }),
    )
    let cut = 0
    const cutter = setInterval(() => {
      void metering.sql
        .query<{ cut: boolean }>(
          `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%ledger%' AND state <> 'idle'`,
        )
        .then(({ rows }) => (cut += rows.length))
        .catch(() => undefined)
    }, 15)
    try {
      for (let at = 0; at < events.length; at += 100) {
        await metering.publish(events.slice(at, at + 100))
        // What a gateway does that had no answer: the same again, in another order.
        await metering.publish(events.slice(Math.max(at - 50, 0), at + 50).reverse())
      }
    } finally {
      clearInterval(cutter)
    }
    await metering.idle()
    expect(cut).toBeGreaterThan(0)

    const { rows } = await metering.sql.query<{ attempts: string; cost: string; input: string }>(
      `SELECT count(*) AS attempts, sum(cost_nano_usd) AS cost, sum(input_tokens) AS input FROM ledger`,
    )
    const cost = events.reduce((sum, { priceId, inputTokens, outputTokens }) => {
      const millionths = BigInt(inputTokens) * 2_000_001n + BigInt(outputTokens) * 3_000_007n
      return sum + (priceId === '' ? 0n : (millionths + 500_000n) / 1_000_000n)
    }, 0n)
    const input = events.reduce((sum, { inputTokens }) => sum + inputTokens, 0)
    expect(rows[0]).toEqual({ attempts: '3000', cost: String(cost), input: String(input) })
    const hourly = await metering.sql.query(
      `SELECT sum(attempts) AS attempts, sum(cost_nano_usd) AS cost, sum(input_tokens) AS input FROM usage_hourly`,
    )
    expect(hourly.rows[0]).toEqual(rows[0])
  })

  it('emits one rated event for each attempt', async () => {
    const topic = `SELECT id FROM bus.topic WHERE name = 'weir.usage.usage-rated.v1'`
    await expect
      .poll(
        async () => {
          const { rows } = await metering.sql.query<{ ids: string }>(
            `SELECT count(DISTINCT value::json ->> 'event_id') AS ids FROM bus.message WHERE topic_id = (${topic})`,
          )
          return Number(rows[0]?.ids)
        },
        { timeout: 10_000 },
      )
      .toBe(3_000)
  })
})
