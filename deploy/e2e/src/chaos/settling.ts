import pg from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from './instance.js'
import { isReady, readMetric } from './metrics.js'

/** How long everything must be at rest before it is believed. */
const restMs = 2_000
const pollMs = 250

/** What is still on its way. */
export interface OnTheWay {
  /** Attempts in the gateways' journals. */
  journals: number
  /** Events that metering and aggregator have not read. */
  unread: number
  /** Messages in the outboxes of metering and aggregator. */
  outboxes: number
  ledger: number
  /** Rated events that the rollups have in them. */
  rolledUp: number
}

/**
 * Waits until every process is back and nothing is on its way any more. Gives up in the end; what is
 * missing then is found by who counts.
 */
export async function waitUntilSettled(
  instance: Instance,
  options: { timeoutMs: number; onWaiting: (state: OnTheWay | undefined) => void },
): Promise<boolean> {
  const deadline = Date.now() + options.timeoutMs
  let restSince = Date.now()
  let last = ''
  while (Date.now() < deadline) {
    const state = await look(instance).catch(() => undefined)
    options.onWaiting(state)
    const isAtRest = state && state.journals + state.unread + state.outboxes === 0
    const now = JSON.stringify(state)
    if (!isAtRest || now !== last) restSince = Date.now()
    last = now
    if (Date.now() - restSince >= restMs) return true
    await sleep(pollMs)
  }
  return false
}

/** @throws Error while some process is not back */
async function look({ weir, gateways }: Instance): Promise<OnTheWay> {
  for (const name of weir.processes.keys()) {
    if (name !== 'postgres' && !(await isReady(weir, name))) throw new Error(`${name} is not back.`)
  }
  let journals = 0
  for (const gateway of gateways) {
    journals += await readMetric(weir, gateway, 'weir_journal_depth')
    journals += await readMetric(weir, gateway, 'weir_journal_open_attempts')
  }
  const unread =
    (await readMetric(weir, 'metering', 'weir_bus_lag_messages')) +
    (await readMetric(weir, 'aggregator', 'weir_bus_lag_messages'))
  return { journals, unread, ...(await countRows(weir.postgres.url)) }
}

async function countRows(databaseUrl: string): Promise<Pick<OnTheWay, 'outboxes' | 'ledger' | 'rolledUp'>> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, string>>(
      `SELECT (SELECT count(*) FROM metering.outbox) + (SELECT count(*) FROM aggregator.outbox) AS outboxes,
              (SELECT count(*) FROM metering.ledger) AS ledger,
              (SELECT count(*) FROM aggregator.applied_event) AS rolled_up`,
    )
    const { outboxes, ledger, rolled_up: rolledUp } = rows[0] ?? {}
    return { outboxes: Number(outboxes), ledger: Number(ledger), rolledUp: Number(rolledUp) }
  } finally {
    await client.end()
  }
}
