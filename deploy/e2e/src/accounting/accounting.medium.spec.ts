import { createBus, type Bus } from '@weir/bus'
import { requestSettled, type RequestSettled } from '@weir/contracts'
import type { UsageReportRow } from '@weir/http'
import { createLogger, PrivateServer } from '@weir/observability'
import { formatUsd, type UsageField, usageUnitTable } from '@weir/rating'
import { createTestDatabase, freePort, type TestDatabase, waitFor } from '@weir/testing'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AggregatorConfig } from '../../../../services/aggregator/src/config.js'
import { startAggregator } from '../../../../services/aggregator/src/start.js'
import { MeteringConfig } from '../../../../services/metering/src/config.js'
import { startMetering } from '../../../../services/metering/src/start.js'
import {
  type FakeCatalog,
  priceOf,
  startFakeCatalog,
} from '../../../../services/metering/src/testing/fake-catalog.js'

const masterKey = 'mk_'.padEnd(40, 'x')
const teamPaths = ['all', 'all/payments', 'all/payments/cards', 'all/search', 'lone']

/** Rates in nano-dollars for a million tokens, chosen so that every attempt has to be rounded. */
const rates = { input: 2_500_000_001n, cache_read: 333_333_333n, output: 10_000_000_007n, reasoning: 1n }
/** A rate for each other unit that is counted, and what each of them is called. */
const others = usageUnitTable.filter(
  ({ unit }) => !(unit in rates) && unit !== 'cache_write' && unit !== 'request',
)
const rateOf = (index: number): bigint => 1_000_000_009n + 333_333_337n * BigInt(index)
const otherRates = Object.fromEntries(others.map(({ unit }, index) => [unit, rateOf(index)]))
const rateAbove = 5_000_000_003n
const tierStart = 50_000

const tokens = fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.nat({ max: 100_000 }))

/** What can differ between attempts, within one year. */
const anyAttempt = fc.record({
  eventId: fc.uuid(),
  request: fc.nat({ max: 20 }),
  attempt: fc.integer({ min: 1, max: 3 }),
  teamPath: fc.constantFrom(...teamPaths),
  workspace: fc.constantFrom('ws_a', 'ws_b'),
  workload: fc.constantFrom('', 'chatbot'),
  virtualKey: fc.constantFrom('key_1', 'key_2', 'key_3'),
  model: fc.constantFrom('small', 'large'),
  provider: fc.constantFrom('sandbox', 'other'),
  priceId: fc.constantFrom('', 'price_rounded', 'price_rounded', 'price_rounded', 'price_unknown'),
  // Most near the border of a month, the others anywhere in the year.
  second: fc.oneof(
    fc.integer({ min: 31 * 86_400 - 5_000, max: 31 * 86_400 + 5_000 }),
    fc.nat({ max: 364 * 86_400 }),
  ),
  inputTokens: tokens,
  cachedInputTokens: tokens,
  cacheWriteTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: tokens,
  // Most attempts have none of them.
  others: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    fc.dictionary(fc.constantFrom(...others.map(({ bucket }) => bucket)), tokens, { noNullPrototype: true }),
  ),
})

type AnyAttempt = typeof anyAttempt extends fc.Arbitrary<infer T> ? T : never

function toEvent({ request, second, others: counts, ...given }: AnyAttempt, year: number): RequestSettled {
  const startedAt = new Date(Date.UTC(year, 0) + second * 1_000).toISOString()
  return {
    ...given,
    ...counts,
    requestId: `req_${request}`,
    startedAt,
    endedAt: startedAt,
    organization: 'org_default',
    team: given.teamPath.split('/').at(-1)!,
    endpoint: 'chat',
    providerModel: given.model,
    providerId: 'prov_1',
    outcome: 'succeeded',
    upstreamStatus: 200,
    errorCode: '',
    streamed: false,
    usageSource: 'reported',
    firstByteMs: 1,
    durationMs: 2,
    gatewayRun: '',
    budgets: '',
    openHoldNanoUsd: '0',
  }
}

/** The cost by the book, independent of the code that is tested. Undefined: nobody knows it. */
function costOf(event: RequestSettled): bigint | undefined {
  if (event.priceId === '') return 0n
  if (event.priceId === 'price_unknown') return undefined
  const inputs = usageUnitTable.filter(({ side }) => side === 'input')
  const whole = inputs.reduce((sum, { bucket }) => sum + (event[bucket] ?? 0), 0)
  const input = whole > tierStart ? rateAbove : rates.input
  const millionths =
    BigInt(event.inputTokens + event.cacheWriteTokens) * input +
    BigInt(event.cachedInputTokens) * rates.cache_read +
    BigInt(event.outputTokens) * rates.output +
    BigInt(event.reasoningTokens) * rates.reasoning +
    others.reduce((sum, { bucket }, index) => sum + BigInt(event[bucket] ?? 0) * rateOf(index), 0n)
  const [whole_, rest] = [millionths / 1_000_000n, millionths % 1_000_000n]
  return rest >= 500_000n ? whole_ + 1n : whole_
}

interface Expected extends Record<UsageField, number> {
  requests: number
  attempts: number
  unpriced_attempts: number
  cost_usd: string
}

function sum(events: RequestSettled[]): Expected {
  const total = (pick: (event: RequestSettled) => number) =>
    events.reduce((sum, event) => sum + pick(event), 0)
  return {
    requests: total((event) => (event.attempt === 1 ? 1 : 0)),
    attempts: events.length,
    ...(Object.fromEntries(
      usageUnitTable.map(({ field, bucket }) => [field, total((event) => event[bucket] ?? 0)]),
    ) as Record<UsageField, number>),
    unpriced_attempts: total((event) => (costOf(event) === undefined ? 1 : 0)),
    cost_usd: formatUsd(events.reduce((sum, event) => sum + (costOf(event) ?? 0n), 0n)),
  }
}

/** Rows as they should be: the events of each group, summed, in the order of the groups. */
function expectedRows(
  events: RequestSettled[],
  groups: (event: RequestSettled) => Record<string, string>[],
): object[] {
  const byGroup = new Map<string, RequestSettled[]>()
  for (const event of events) {
    for (const group of groups(event)) {
      const key = JSON.stringify(group)
      byGroup.set(key, [...(byGroup.get(key) ?? []), event])
    }
  }
  return [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => ({ ...(JSON.parse(key) as object), ...sum(members) }))
}

function dimensions(groupBy: string, event: RequestSettled): Record<string, string> {
  const { team, workload, workspace, model, provider, virtualKey } = event
  if (groupBy === '') return {}
  return groupBy.endsWith('=model')
    ? { model }
    : { team, workload, workspace, model, provider, key: virtualKey }
}

describe('accounting, from a settled attempt to usage and costs', () => {
  let database: TestDatabase
  let catalog: FakeCatalog
  let bus: Bus
  let sql: pg.Pool
  const closers: (() => Promise<void>)[] = []
  const origins: Record<string, string> = {}

  beforeAll(async () => {
    database = await createTestDatabase()
    catalog = await startFakeCatalog()
    const tier = { unit: 'input', nanoUsdPerMillion: String(rateAbove), aboveInputTokens: String(tierStart) }
    catalog.prices.set('price_rounded', priceOf('price_rounded', { ...rates, ...otherRates }, [tier]))
    bus = createBus({ databaseUrl: database.url, clientId: 'test' })
    await bus.provision()
    sql = new pg.Pool({ connectionString: database.url })
    sql.on('error', () => undefined)
    const given = { databaseUrl: database.url, internalSecret: 's'.repeat(32), masterKey }
    for (const name of ['metering', 'aggregator'] as const) {
      const httpPort = await freePort()
      const logger = createLogger({ service: name, level: 'silent' })
      const context = { logger, privateServer: new PrivateServer() }
      const service =
        name === 'metering'
          ? await startMetering({
              ...context,
              config: Object.assign(new MeteringConfig(), {
                ...given,
                httpPort,
                catalogGrpc: catalog.address,
                identityGrpc: catalog.address,
              }),
            })
          : await startAggregator({
              ...context,
              config: Object.assign(new AggregatorConfig(), {
                ...given,
                httpPort,
                identityGrpc: catalog.address,
              }),
            })
      closers.push(() => service.close())
      origins[name] = `http://127.0.0.1:${httpPort}`
    }
  })

  afterAll(async () => {
    await Promise.all(closers.map((close) => close()))
    catalog.close()
    await bus.close()
    await sql.end()
    await database.drop()
  })

  async function report(service: 'metering' | 'aggregator', query: string): Promise<UsageReportRow[]> {
    const path = service === 'metering' ? 'usage' : 'costs'
    const headers = { authorization: `Bearer ${masterKey}` }
    const response = await fetch(`${origins[service]}/v1/${path}?limit=1000&${query}`, { headers })
    expect(response.status).toBe(200)
    return ((await response.json()) as { data: UsageReportRow[] }).data
  }

  async function publish(events: RequestSettled[]): Promise<void> {
    await bus.publish(
      requestSettled.topic,
      events.map((event) => requestSettled.encode(event, 'weir/test')),
    )
  }

  async function isCounted(events: RequestSettled[]): Promise<boolean> {
    const { rows } = await sql.query<{ count: string }>(
      `SELECT count(*) FROM aggregator.applied_event WHERE event_id = ANY ($1::uuid[])`,
      [events.map(({ eventId }) => eventId)],
    )
    return Number(rows[0]?.count) === events.length
  }

  /** Rows without `start` and `interval`, in an order of their own. */
  const plain = (rows: UsageReportRow[]): object[] =>
    rows
      .map(({ start: _, interval: __, ...row }) => ({
        ...row,
        workload: row.workload === null ? '' : row.workload,
      }))
      .map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)))

  const sorted = (rows: object[]): object[] =>
    rows
      .map((row) => JSON.stringify(row, Object.keys(row).sort()))
      .sort()
      .map((row) => JSON.parse(row) as object)

  it('agrees to the nano-dollar: usage, costs, the ledger, and a recomputation from the events', async () => {
    let year = 1999
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyAttempt, { selector: ({ eventId }) => eventId, minLength: 1, maxLength: 120 }),
        async (attempts) => {
          year++
          const events = attempts.map((attempt) => toEvent(attempt, year))
          // Each comes at least once; a part of them again, and backwards.
          await publish(events)
          await publish(events.slice(0, events.length / 2).reverse())
          await waitFor(() => isCounted(events), { timeoutMs: 20_000, what: 'all events to be rolled up' })

          const period = `start=${year}-01-01&end=${year + 1}-01-01`
          const ledger = await sql.query<{ cost: string; attempts: string }>(
            `SELECT sum(cost_nano_usd) AS cost, count(*) AS attempts FROM metering.ledger
             WHERE started_at >= $1 AND started_at < $2`,
            [`${year}-01-01Z`, `${year + 1}-01-01Z`],
          )
          const expected = sum(events)
          expect(Number(ledger.rows[0]?.attempts)).toBe(expected.attempts)
          expect(formatUsd(BigInt(ledger.rows[0]?.cost ?? 0))).toBe(expected.cost_usd)

          for (const interval of ['', '&interval=hour', '&interval=day', '&interval=month']) {
            for (const groupBy of [
              '',
              '&group_by=team,workload,workspace,model,provider,key',
              '&group_by=model',
            ]) {
              const query = `${period}${interval}${groupBy}`
              const usage = await report('metering', query)
              expect(await report('aggregator', query)).toEqual(usage)
              if (interval !== '') continue
              const rows = expectedRows(events, (event) => [dimensions(groupBy, event)])
              expect(sorted(plain(usage))).toEqual(sorted(rows))
            }
          }

          const tree = await report('aggregator', `${period}&group_by=team&include_descendants=true`)
          const rows = expectedRows(events, (event) => event.teamPath.split('/').map((team) => ({ team })))
          expect(sorted(plain(tree))).toEqual(sorted(rows))
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
  }, 120_000)
})
