import { type Bus, createBus } from '@weir/bus'
import { businessUnitCostRolledUp, eventTypes, requestSettled, usageRated } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Management } from '../stack/management.js'
import type { ClientOutcome } from './client.js'
import { type Evidence, type FullReportRow, type Interval, intervals, type LedgerRow } from './evidence.js'
import type { Instance } from './instance.js'
import type { ChaosModel } from './organization.js'

/** Asks everyone who counts, when all is at rest. */
export async function collectEvidence(
  instance: Instance,
  clients: ClientOutcome[],
  models: ChaosModel[],
): Promise<Evidence> {
  const { weir, management, upstream } = instance
  const ledger = await readLedger(weir.postgres.url)
  const topics = await readTopics(instance)
  return {
    ...{ models, clients, ledger, ...topics },
    upstream: await upstream.calls(),
    usage: await readReport(management, ledger, '/v1/usage', { interval: 'hour' }),
    costs: await byInterval((interval) => readReport(management, ledger, '/v1/costs', { interval })),
    costsWithDescendants: await byInterval((interval) =>
      readReport(management, ledger, '/v1/costs', {
        interval,
        group_by: 'team',
        include_descendants: 'true',
      }),
    ),
    journals: Object.fromEntries(instance.gateways.map((name) => [name, attemptsInJournal(instance, name)])),
  }
}

/** Attempts in a gateway's journal that are under way or wait for the bus, as they are on disk. */
export function attemptsInJournal({ weir }: Pick<Instance, 'weir'>, gateway: string): number {
  const folder = join(weir.home.gateway(Number(gateway.replace('gateway-', ''))), 'journal')
  if (!existsSync(folder)) return 0
  const acknowledged = existsSync(join(folder, 'acknowledged'))
    ? Number(readFileSync(join(folder, 'acknowledged'), 'latin1'))
    : 0
  const open = new Set<string>()
  let waiting = 0
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .sort()) {
    let position = Number(name.slice(0, -'.log'.length))
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)) {
      position += Buffer.byteLength(line) + 1
      const [kind = '', seq = ''] = line.split('\t', 2)
      if (kind === 'S') open.add(seq)
      if (kind === 'E') open.delete(seq)
      if (kind === 'E' && position > acknowledged) waiting++
    }
  }
  return open.size + waiting
}

async function readLedger(databaseUrl: string): Promise<LedgerRow[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<
      Record<string, string | number | boolean> & { started_at: Date; cost: string | null }
    >(`SELECT *, cost_nano_usd::text AS cost FROM metering.ledger ORDER BY event_id`)
    return rows.map((row) => ({
      eventId: String(row['event_id']),
      requestId: String(row['request_id']),
      attempt: Number(row['attempt']),
      startedAtMs: row.started_at.getTime(),
      team: String(row['team']),
      teamPath: String(row['team_path']),
      workspace: String(row['workspace']),
      workload: String(row['workload']),
      model: String(row['model']),
      provider: String(row['provider']),
      virtualKey: String(row['virtual_key']),
      outcome: String(row['outcome']),
      upstreamStatus: Number(row['upstream_status']),
      streamed: row['streamed'] === true,
      usageSource: String(row['usage_source']),
      ratingStatus: String(row['rating_status']),
      inputTokens: Number(row['input_tokens']),
      cachedInputTokens: Number(row['cached_input_tokens']),
      cacheWriteTokens: Number(row['cache_write_tokens']),
      outputTokens: Number(row['output_tokens']),
      reasoningTokens: Number(row['reasoning_tokens']),
      costNanoUsd: row.cost === null ? undefined : BigInt(row.cost),
    }))
  } finally {
    await client.end()
  }
}

async function readTopics({
  weir,
  kafka,
}: Instance): Promise<Pick<Evidence, 'requestSettled' | 'usageRated' | 'rolledUp' | 'deadLetters'>> {
  const bus = createBus({
    ...(kafka ? { kafkaBrokers: [kafka.brokers] } : { databaseUrl: weir.postgres.url }),
    clientId: 'weir-chaos',
  })
  try {
    const values = new Map<string, string[]>()
    const deadLetterTopics = eventTypes.map(({ topic }) => `${topic}.dead-letter`)
    await readToEnd(bus, [...eventTypes.map(({ topic }) => topic), ...deadLetterTopics], values)
    const valuesOf = (topic: string): string[] => values.get(topic) ?? []
    return {
      requestSettled: valuesOf(requestSettled.topic).map((value) => requestSettled.decode(value)),
      usageRated: valuesOf(usageRated.topic).map((value) => usageRated.decode(value)),
      rolledUp: valuesOf(businessUnitCostRolledUp.topic).map((value) =>
        businessUnitCostRolledUp.decode(value),
      ),
      deadLetters: deadLetterTopics.reduce((sum, topic) => sum + valuesOf(topic).length, 0),
    }
  } finally {
    await bus.close()
  }
}

/** Reads as an analyst's consumer does, with a group of its own. */
async function readToEnd(bus: Bus, topics: string[], values: Map<string, string[]>): Promise<void> {
  const subscription = await bus.subscribe({
    group: `chaos-${randomUUID()}`,
    topics,
    maxBatchSize: 2_000,
    handle: async ({ topic, messages }) => {
      const known = values.get(topic) ?? []
      values.set(topic, known)
      for (const { value } of messages) known.push(value)
    },
  })
  await waitFor(async () => (await subscription.lag()) === 0, {
    ...{ timeoutMs: 120_000, intervalMs: 250, what: 'the end of the topics' },
  })
}

/** All rows of a report over the time in which the ledger has something. */
async function readReport(
  management: Management,
  ledger: LedgerRow[],
  path: string,
  query: Record<string, string>,
): Promise<FullReportRow[]> {
  const times = ledger.map(({ startedAtMs }) => startedAtMs)
  const first = new Date(times.reduce((least, time) => Math.min(least, time), Date.now()))
  const last = new Date(times.reduce((most, time) => Math.max(most, time), Date.now()))
  return management.list<FullReportRow>(path, {
    start: new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth())).toISOString(),
    end: new Date(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1)).toISOString(),
    group_by: 'team,workload,workspace,model,provider,key',
    ...query,
  })
}

async function byInterval<T>(read: (interval: Interval) => Promise<T>): Promise<Record<Interval, T>> {
  const [hour, day, month] = intervals
  return { hour: await read(hour), day: await read(day), month: await read(month) }
}
