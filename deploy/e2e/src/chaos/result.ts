import { parseUsd } from '@weir/rating'
import type { ClientOutcome } from './client.js'
import { type Evidence, intervals } from './evidence.js'
import { type Finding, neverSent } from './judge.js'
import { lastOfEachKey, totalOf } from './sums.js'

/** What one place counted. */
export interface Figure {
  source: string
  /** Undefined: it counts something else. */
  attempts?: number
  costNanoUsd?: bigint
  note?: string
}

/** What a run came to. */
export interface ChaosResult {
  bus: 'PostgreSQL' | 'Kafka'
  seed: number
  gateways: number
  loadMs: number
  /** From the end of the load until everything was at rest. */
  settleMs: number
  clients: Record<ClientOutcome['result'], number>
  kills: Record<string, number>
  figures: Figure[]
  /** Empty: all is as it has to be. */
  findings: Finding[]
}

/** Everyone's count, side by side. */
export function figuresOf(evidence: Evidence): Figure[] {
  const { upstream, ledger, requestSettled, usageRated, rolledUp, usage, costs } = evidence
  const unsent = neverSent(evidence)
  const interrupted = ledger.filter(({ outcome }) => outcome === 'interrupted').length
  const copies = (all: number, distinct: number): { note?: string } =>
    all > distinct ? { note: `${all - distinct} copies besides` } : {}
  const settledIds = new Set(requestSettled.map(({ eventId }) => eventId))
  const rated = new Map(usageRated.map(({ eventId, cost }) => [eventId, parseUsd(cost || '0')]))
  const units = [...lastOfEachKey(rolledUp).values()]
  return [
    { source: "calls in the upstream's own journal", attempts: upstream.length },
    {
      source: '+ journaled, but never sent: the gateway was killed, or the client left, in between',
      attempts: unsent.length,
      note: outcomesOf(unsent.map(({ outcome }) => outcome)),
    },
    {
      source: 'rows of the ledger',
      attempts: ledger.length,
      costNanoUsd: sum(ledger.map(({ costNanoUsd }) => costNanoUsd ?? 0n)),
      note: `${interrupted} interrupted by a kill`,
    },
    {
      source: 'events of request-settled, by distinct id',
      attempts: settledIds.size,
      ...copies(requestSettled.length, settledIds.size),
    },
    {
      source: 'events of usage-rated, by distinct id',
      attempts: rated.size,
      costNanoUsd: sum([...rated.values()]),
      ...copies(usageRated.length, rated.size),
    },
    { source: '/v1/usage by hour', ...totalOf(usage) },
    ...intervals.map((interval) => ({ source: `/v1/costs by ${interval}`, ...totalOf(costs[interval]) })),
    ...intervals.map((interval) => {
      const own = units.filter((unit) => unit.interval === interval)
      return {
        source: `last messages of business units by ${interval}`,
        attempts: own.reduce((total, { attempts }) => total + attempts, 0),
        costNanoUsd: sum(own.map(({ cost }) => parseUsd(cost))),
      }
    }),
    {
      source: '… with all below, of the units at the top',
      costNanoUsd: sum(
        units
          .filter(({ interval, teamPath }) => interval === 'month' && !teamPath.includes('/'))
          .map(({ costWithDescendants }) => parseUsd(costWithDescendants)),
      ),
    },
  ]
}

function outcomesOf(outcomes: string[]): string {
  const counts = Map.groupBy(outcomes, (outcome) => outcome)
  return [...counts].map(([outcome, all]) => `${all.length} ${outcome}`).join(', ')
}

const sum = (amounts: bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
