import { createBus } from '@weir/bus'
import { requestSettled, type RequestSettled } from '@weir/contracts'
import { type EmbeddedPostgres, startPostgres } from '@weir/embedded-postgres'
import { waitFor } from '@weir/testing'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JournalProcessLine, JournalProcessOptions } from './journal-process.js'

const main = fileURLToPath(new URL('../../dist/survival/journal-process.js', import.meta.url))
const journalUrl = new URL('../../../../services/gateway/dist/journal/journal.js', import.meta.url).href
const kills = 14

const tokens = { inputTokens: 1_234, outputTokens: 567 }

let folder: string
let postgres: EmbeddedPostgres

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-journal-crash-'))
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } })
  const bus = createBus({ databaseUrl: postgres.url, clientId: 'test' })
  await bus.provision()
  await bus.close()
})

afterAll(async () => {
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('a journal whose process is killed again and again', () => {
  it('neither loses an attempt nor counts one twice', async () => {
    const said = { planned: new Set<string>(), started: new Set<string>(), settled: new Set<string>() }
    for (let kill = 0; kill < kills; kill++) {
      // From its first steps to the middle of publishing and deleting.
      await runUntilKilled(said, 5 + ((kill * 397) % 450))
    }
    await deliverTheRest()

    const events = await publishedEvents()
    const byId = Map.groupBy(events, ({ eventId }) => eventId)
    expect(said.settled.size).toBeGreaterThan(kills * 20)
    expect([...said.started].filter((id) => !byId.has(id))).toEqual([])
    expect([...byId.keys()].filter((id) => !said.planned.has(id))).toEqual([])
    // Copies say the same, so it does not matter which of them is counted.
    const contradicting = [...byId.values()].filter(
      (copies) => new Set(copies.map((copy) => JSON.stringify(copy))).size > 1,
    )
    expect(contradicting).toEqual([])
    const inexact = [...said.settled].filter((id) => !isExact(byId.get(id)?.[0]))
    expect(inexact).toEqual([])
    const interrupted = [...byId.values()].filter(([event]) => event?.outcome === 'interrupted')
    expect(interrupted.length).toBeGreaterThan(0)
  })
})

type Said = Record<JournalProcessLine['what'], Set<string>>

async function runUntilKilled(said: Said, afterMs: number): Promise<void> {
  const path = join(folder, `${randomUUID()}.log`)
  const child = start({ isWorking: true, path })
  const ended = once(child, 'exit')
  await waitFor(() => existsSync(path) && statSync(path).size > 0, { timeoutMs: 20_000, intervalMs: 5 })
  await sleep(afterMs)
  child.kill('SIGKILL')
  const [code, signal] = (await ended) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`It ended by itself (${code}).`)
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const { what, eventId } = JSON.parse(line) as JournalProcessLine
    said[what].add(eventId)
  }
}

async function deliverTheRest(): Promise<void> {
  const [code] = (await once(start({ isWorking: false, path: join(folder, 'last.log') }), 'exit')) as [
    number | null,
  ]
  expect(code).toBe(0)
}

function start(options: Pick<JournalProcessOptions, 'isWorking' | 'path'>) {
  const all: JournalProcessOptions = {
    ...options,
    ...{ journalUrl, dataDir: join(folder, 'journal'), databaseUrl: postgres.url, tokens },
  }
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, JSON.stringify(all)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function publishedEvents(): Promise<RequestSettled[]> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    const { rows } = await client.query<{ value: string }>(
      'SELECT value FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id WHERE t.name = $1',
      [requestSettled.topic],
    )
    return rows.map(({ value }) => requestSettled.decode(value))
  } finally {
    await client.end()
  }
}

const isExact = (event: RequestSettled | undefined): boolean =>
  event?.outcome === 'succeeded' &&
  event.usageSource === 'reported' &&
  event.inputTokens === tokens.inputTokens &&
  event.outputTokens === tokens.outputTokens
