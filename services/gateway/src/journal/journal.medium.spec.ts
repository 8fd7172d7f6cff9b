import { createBus } from '@weir/bus'
import { requestSettled, type RequestSettled } from '@weir/contracts'
import { registry } from '@weir/observability'
import { createTestDatabase, type TestDatabase, waitFor } from '@weir/testing'
import { randomUUID } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AttemptEnd, AttemptStart } from './attempt.js'
import { endOf, eventOf, idsByKey, startOf } from '../testing/attempts.js'
import { setConnectable } from '../testing/set-connectable.js'
import { Journal, type JournalEntry, journalFolder } from './journal.js'

/** A worker cannot be started from a TypeScript source. */
const workerUrl = new URL('../../dist/journal/publisher.worker.js', import.meta.url)

/** Where nobody listens. */
const noDatabase = 'postgres://nobody@127.0.0.1:1/none'

let server: TestDatabase
let sql: pg.Pool
let folder: string
const journals = new Set<Journal>()

beforeAll(async () => {
  server = await createTestDatabase()
  sql = new pg.Pool({ connectionString: server.url, max: 2 })
  sql.on('error', () => undefined)
  const bus = createBus({ databaseUrl: server.url, clientId: 'test' })
  await bus.provision()
  await bus.close()
})

afterAll(async () => {
  await sql.end()
  await server.drop()
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-journal-'))
  await sql.query('DELETE FROM bus.message')
})

afterEach(async () => {
  await Promise.all([...journals].map((journal) => close(journal)))
  rmSync(folder, { recursive: true, force: true })
})

describe('the journal', () => {
  it('has an attempt on disk before it says so', async () => {
    const journal = open({ databaseUrl: noDatabase })
    const start = startOf()
    await new Promise<void>((written) => {
      journal.start(start, () => {
        expect(linesOnDisk()).toEqual([`S\t1\t${JSON.stringify(start)}`])
        written()
      })
    })
  })

  it('publishes what many turns have brought, each attempt once, and is empty then', async () => {
    const journal = open()
    const expected = new Map<string, RequestSettled>()
    const settled: Promise<void>[] = []
    for (let turn = 0; turn < 60; turn++) {
      for (let one = 0; one < turn % 13; one++) {
        const start = startOf({ virtualKey: `vk_${one}`, model: `model-${turn}` })
        const end = endOf({
          inputTokens: turn,
          outputTokens: one,
          outcome: one === 5 ? 'failed' : 'succeeded',
        })
        expected.set(start.eventId, eventOf(start, end))
        // In another order than they began.
        settled.push(
          begin(journal, start).then((entry) =>
            sleep((turn * 7 + one * 3) % 40).then(() => finish(journal, entry, end)),
          ),
        )
      }
      await new Promise(setImmediate)
    }
    await Promise.all(settled)
    await waitUntilEmpty(journal)

    const events = await publishedEvents()
    expect(events).toHaveLength(expected.size)
    expect(new Map(events.map((event) => [event.eventId, event]))).toEqual(expected)
    await waitFor(() => linesOnDisk().length === 0, { what: 'empty files' })
  })

  it('takes the trace of a request along', async () => {
    const journal = open()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await settle(journal, { ...startOf(), traceparent })
    await waitUntilEmpty(journal)
    const { rows } = await sql.query<{ headers: string }>('SELECT headers FROM bus.message')
    expect(rows.map(({ headers }) => (JSON.parse(headers) as { traceparent: string }).traceparent)).toEqual([
      traceparent,
    ])
  })

  it('settles as interrupted what a process that died left open, with what is known of it', async () => {
    const untouched = startOf({ estimatedInputTokens: 17, startedAt: '2026-01-02T03:04:05.000Z' })
    const underway = startOf({
      estimatedInputTokens: 23,
      startedAt: '2026-01-02T03:04:05.000Z',
      streamed: true,
    })
    const ended = startOf()
    const first = open({ databaseUrl: noDatabase })
    await begin(first, untouched)
    const entry = await begin(first, underway)
    first.progress(entry, { upstreamStatus: 200, firstByteMs: 80, durationMs: 1_000, outputTokens: 40 })
    first.progress(entry, { upstreamStatus: 200, firstByteMs: 80, durationMs: 2_500, outputTokens: 90 })
    await settle(first, ended)
    await close(first)

    const second = open()
    await waitUntilEmpty(second)
    const events = new Map((await publishedEvents()).map((event) => [event.eventId, event]))
    expect(events.size).toBe(3)
    expect(events.get(untouched.eventId)).toMatchObject({
      ...{ outcome: 'interrupted', errorCode: 'service_unavailable', upstreamStatus: 0 },
      ...{ usageSource: 'estimated', inputTokens: 17, outputTokens: 0, durationMs: 0 },
      ...{ endedAt: '2026-01-02T03:04:05.000Z' },
    })
    expect(events.get(underway.eventId)).toMatchObject({
      ...{ outcome: 'interrupted', streamed: true, upstreamStatus: 200, firstByteMs: 80, durationMs: 2_500 },
      ...{ usageSource: 'estimated', inputTokens: 23, outputTokens: 90 },
      ...{ endedAt: '2026-01-02T03:04:07.500Z' },
    })
    expect(events.get(ended.eventId)).toEqual(eventOf(ended, endOf()))
  })

  it('settles an attempt of a process that died once, however often it starts again', async () => {
    const dead = open({ databaseUrl: noDatabase })
    await begin(dead, startOf())
    await close(dead)
    for (let start = 0; start < 3; start++) {
      const journal = open()
      await waitUntilEmpty(journal)
      await close(journal, 1_000)
    }
    expect(await publishedEvents()).toHaveLength(1)
  })

  it('keeps everything while the bus is down, and sends it in order when it is back', async () => {
    const journal = open()
    await setConnectable(server.url, false)
    const starts = Array.from({ length: 1_200 }, (_, index) => startOf({ virtualKey: `vk_${index % 7}` }))
    try {
      for (const start of starts) await settle(journal, start)
      expect(journal.depth).toEqual({ open: 0, settled: 1_200 })
      await sleep(1_000)
      expect(journal.depth).toEqual({ open: 0, settled: 1_200 })
    } finally {
      await setConnectable(server.url, true)
    }
    await waitUntilEmpty(journal)
    const events = await publishedEvents()
    expect(idsByKey(events)).toEqual(idsByKey(starts))
  })

  it('sends again under the same id what was acknowledged just before the process died', async () => {
    const journal = open({ databaseUrl: noDatabase })
    const start = startOf()
    await settle(journal, start)
    await close(journal)
    // As the disk was when the bus had the event and the row was still there.
    const before = mkdtempSync(join(tmpdir(), 'weir-journal-'))
    try {
      cpSync(folder, before, { recursive: true })
      await waitUntilEmpty(open())
      await waitUntilEmpty(open({ databaseUrl: server.url }, before))
    } finally {
      await Promise.all([...journals].map((one) => close(one)))
      rmSync(before, { recursive: true, force: true })
    }
    expect(await publishedEvents()).toEqual([eventOf(start, endOf()), eventOf(start, endOf())])
  })

  it('settles what an older version has left open, and sets aside what nobody can read', async () => {
    const folderOfLog = join(folder, journalFolder)
    mkdirSync(folderOfLog)
    const [older, sound] = [startOf(), startOf()]
    const { provider: _provider, streamed: _streamed, ...known } = older
    const broken = [`S\t2\t${JSON.stringify(startOf()).slice(0, 20)}`, 'Not a line of ours', 'E\t3\t"half']
    writeFileSync(
      join(folderOfLog, '0000000000000000.log'),
      [`S\t1\t${JSON.stringify(known)}`, ...broken, `S\t4\t${JSON.stringify(sound)}`, ''].join('\n'),
    )

    const journal = open()
    const third = startOf()
    await settle(journal, third)
    await waitUntilEmpty(journal)
    const events = new Map((await publishedEvents()).map((event) => [event.eventId, event]))
    expect(events.get(older.eventId)).toMatchObject({ outcome: 'interrupted', provider: '', streamed: false })
    expect([...events.keys()].sort()).toEqual([older, sound, third].map(({ eventId }) => eventId).sort())
    const aside = readFileSync(join(folderOfLog, 'unreadable'), 'utf8').split('\n')
    expect(aside.sort()).toEqual(['', ...broken].sort())
    // It waits for no more, and does not ask again and again either.
    const { user } = process.cpuUsage()
    await sleep(300)
    expect(process.cpuUsage().user - user).toBeLessThan(150_000)
  })

  it('passes by the piece of a line that a killed process has left, and writes behind it', async () => {
    const first = open({ databaseUrl: noDatabase })
    const [whole, cut] = [startOf(), startOf()]
    await settle(first, whole)
    await begin(first, cut)
    await close(first)
    const [name = ''] = readdirSync(join(folder, journalFolder)).filter((file) => file.endsWith('.log'))
    const path = join(folder, journalFolder, name)
    truncateSync(path, statSync(path).size - 10)

    const second = open()
    const next = startOf()
    await settle(second, next)
    await waitUntilEmpty(second)
    await close(second)
    expect((await publishedEvents()).map(({ eventId }) => eventId).sort()).toEqual(
      [whole, next].map(({ eventId }) => eventId).sort(),
    )
  })

  it('sends everything again when nobody knows how far it came, and nothing is skipped when the log is shorter', async () => {
    const first = open({ databaseUrl: noDatabase })
    const kept = startOf()
    await settle(first, kept)
    await close(first)
    const acknowledged = join(folder, journalFolder, 'acknowledged')
    writeFileSync(acknowledged, 'rubbish')
    const second = open()
    await waitUntilEmpty(second)
    await close(second, 1_000)
    writeFileSync(acknowledged, '0000000009999999')
    const third = open()
    const next = startOf()
    await settle(third, next)
    await waitUntilEmpty(third)
    expect((await publishedEvents()).map(({ eventId }) => eventId)).toEqual([kept.eventId, next.eventId])
  })

  it('keeps an attempt that is under way for many files, and only what it needs of them', async () => {
    const journal = open()
    const long = startOf()
    const entry = await begin(journal, long)
    journal.progress(entry, { upstreamStatus: 200, firstByteMs: 1, durationMs: 2, outputTokens: 3 })
    const large = { ...startOf(), model: 'm'.repeat(64 * 1024) }
    for (let one = 0; one < 900; one++) await settle(journal, { ...large, eventId: randomUUID() })
    await waitFor(() => bytesOnDisk() < 40 * 1024 * 1024, { timeoutMs: 10_000 })
    expect(linesOnDisk().some((line) => line.includes(long.eventId))).toBe(true)
    await close(journal, 10_000)
    const second = open()
    await waitUntilEmpty(second, 20_000)
    const events = (await publishedEvents()).filter(({ eventId }) => eventId === long.eventId)
    expect(events).toMatchObject([{ outcome: 'interrupted', outputTokens: 3 }])
  })

  it('sends nothing again that was acknowledged', async () => {
    for (let run = 1; run <= 3; run++) {
      const journal = open()
      for (let one = 0; one < 20; one++) await settle(journal, startOf())
      await waitUntilEmpty(journal)
      await close(journal, 1_000)
      expect(await publishedEvents()).toHaveLength(20 * run)
    }
  })

  it('has sent everything when it is closed while the bus is there', async () => {
    const journal = open()
    for (let one = 0; one < 700; one++)
      journal.settle(
        journal.start(startOf(), () => undefined),
        endOf(),
      )
    await close(journal, 10_000)
    expect(linesOnDisk()).toEqual([])
    expect(await publishedEvents()).toHaveLength(700)
  })

  it('closes in time while the bus is down, and loses nothing by it', async () => {
    const journal = open({ databaseUrl: noDatabase })
    for (let one = 0; one < 10; one++) await settle(journal, startOf())
    const began = Date.now()
    await close(journal, 300)
    expect(Date.now() - began).toBeLessThan(4_000)
    expect(linesOnDisk().filter((line) => line.startsWith('E'))).toHaveLength(10)
  })

  it('keeps its files small under load that never pauses', async () => {
    const journal = open()
    let largest = 0
    const note = setInterval(() => (largest = Math.max(largest, bytesOnDisk())), 50)
    // 40 MB, if nothing were taken away.
    const attempts = 20_000
    for (let one = 0; one < attempts; one++) {
      begin(journal, startOf()).then(
        (entry) => journal.settle(entry, endOf()),
        () => undefined,
      )
      if (one % 4 === 0) await sleep(1)
    }
    await waitUntilEmpty(journal, 20_000).finally(() => clearInterval(note))
    expect(largest).toBeLessThan(36 * 1024 * 1024)
    const { rows } = await sql.query<{ count: string }>('SELECT count(*) FROM bus.message')
    expect(Number(rows[0]?.count)).toBe(attempts)
  })
})

function open(bus: { databaseUrl: string } = { databaseUrl: server.url }, dataDir = folder): Journal {
  // A process has one journal, and this one has many.
  for (const name of ['weir_journal_open_attempts', 'weir_journal_depth']) registry.removeSingleMetric(name)
  const journal = new Journal(dataDir, bus, pino({ level: 'silent' }), workerUrl)
  journals.add(journal)
  return journal
}

async function close(journal: Journal, timeoutMs = 0): Promise<void> {
  journals.delete(journal)
  await journal.close(timeoutMs)
}

function begin(journal: Journal, start: AttemptStart): Promise<JournalEntry> {
  return new Promise((resolve, reject) => {
    const entry: JournalEntry = journal.start(start, (error) => (error ? reject(error) : resolve(entry)))
  })
}

/** One attempt from its start to its end. */
async function settle(journal: Journal, start: AttemptStart, end = endOf()): Promise<void> {
  await finish(journal, await begin(journal, start), end)
}

function finish(journal: Journal, entry: JournalEntry, end: AttemptEnd): Promise<void> {
  return new Promise((resolve, reject) =>
    journal.settle(entry, end, (error) => (error ? reject(error) : resolve())),
  )
}

async function waitUntilEmpty(journal: Journal, timeoutMs = 10_000): Promise<void> {
  await waitFor(() => journal.depth.open === 0 && journal.depth.settled === 0, {
    timeoutMs,
    what: 'the empty journal',
  })
}

/** What a reader finds who knows nothing of the process that writes. */
function linesOnDisk(): string[] {
  return logFiles().flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, -1))
}

function bytesOnDisk(): number {
  return logFiles().reduce((sum, path) => sum + statSync(path).size, 0)
}

function logFiles(): string[] {
  const names = readdirSync(join(folder, journalFolder)).filter((name) => name.endsWith('.log'))
  return names.sort().map((name) => join(folder, journalFolder, name))
}

async function publishedEvents(): Promise<RequestSettled[]> {
  const { rows } = await sql.query<{ value: string }>(
    `SELECT value FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id WHERE t.name = $1
     ORDER BY partition, "offset"`,
    [requestSettled.topic],
  )
  return rows.map(({ value }) => requestSettled.decode(value))
}
