import pg from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import { readMetrics, sumOf, sumOfGateways } from '../stack/metrics.js'
import type { Instance } from './instance.js'

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

/** Whether a process says that it lacks nothing. */
export async function isReady({ ports }: Instance['weir'], process: string): Promise<boolean> {
  const url = `http://127.0.0.1:${ports[`${process}.metrics`] ?? 0}/readyz`
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** @throws Error while some process is not back */
async function look({ weir, gateways }: Instance): Promise<OnTheWay> {
  for (const name of weir.processes.keys()) {
    if (name !== 'postgres' && !(await isReady(weir, name))) throw new Error(`${name} is not back.`)
  }
  const known = { ports: weir.ports, gateways }
  const open = await sumOfGateways(known, 'weir_journal_open_attempts')
  const journals = open + (await sumOfGateways(known, 'weir_journal_depth'))
  const unread = (await readLag(known, 'metering')) + (await readLag(known, 'aggregator'))
  return { journals, unread, ...(await countRows(weir.postgres.url)) }
}

/** @throws Error when the process does not know, because the bus is away */
async function readLag(weir: Parameters<typeof readMetrics>[0], process: string): Promise<number> {
  const samples = await readMetrics(weir, process)
  const metric = 'weir_bus_lag_messages'
  if (!samples.some(({ name }) => name === metric)) throw new Error(`${process} does not know its lag.`)
  return sumOf(samples, metric)
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
