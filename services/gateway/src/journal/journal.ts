import { type Message, requestSettled } from '@weir/contracts'
import { gauge, histogram, type Logger } from '@weir/observability'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import {
  type AttemptEnd,
  type AttemptProgress,
  type AttemptStart,
  interruptedEnd,
  toRequestSettled,
} from './attempt.js'
import type { FromPublisher, PublisherOptions, ToPublisher } from './publisher.worker.js'

/** Where the journal's file lies in the gateway's data folder. */
export const journalFile = 'journal.db'

/** Of the table below: a file of another one is only replaced when it is empty. */
const schemaVersion = 2

/** An attempt is open until it has its event, which is complete: the publisher only carries it. */
const schema = `
  CREATE TABLE IF NOT EXISTS attempt (
    seq INTEGER PRIMARY KEY,
    start TEXT NOT NULL,
    progress TEXT,
    event_key TEXT,
    event_value TEXT,
    event_headers TEXT
  )`

/** For fields that a row lacks, because an older version has written it. */
const blankEvent = requestSettled.decode('{"event_id":"none"}')

/** After which what the disk refused is tried again. */
const retryMs = 1_000

/** Called once the write is in the journal, or with the reason why it is not. */
type Written = (error?: Error) => void

interface Operation {
  statement: StatementSync
  values: (string | number)[]
  written: Written | undefined
}

const flushDuration = histogram(
  'weir_journal_flush_duration_seconds',
  'Time that one turn’s journal writes hold the event loop.',
  [],
  [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05],
)

/**
 * The gateway's local journal: a row is there before the upstream is called and leaves when the bus
 * has acknowledged its event. All writes of one turn of the event loop are one SQLite transaction
 * on this thread: a killed process loses nothing, and no request waits for a disk, because flushing
 * and publishing are the worker's.
 */
export class Journal {
  private readonly database: DatabaseSync
  private readonly begin: StatementSync
  private readonly commit: StatementSync
  private readonly insertStart: StatementSync
  private readonly updateProgress: StatementSync
  private readonly updateEvent: StatementSync
  private readonly deletePublished: StatementSync
  private readonly worker: Worker
  private pending: Operation[] = []
  private scheduled: NodeJS.Immediate | undefined
  private nextSeq: number
  private openCount = 0
  private settledCount = 0
  private drained: (() => void) | undefined
  private exited = false
  private closed = false
  /** The publisher has been told of new events and has not looked yet: once is enough. */
  private told = false

  /** @param workerUrl the compiled publisher, for whoever runs this from its source */
  constructor(
    dataDir: string,
    bus: PublisherOptions['bus'],
    private readonly logger: Logger,
    workerUrl = new URL('./publisher.worker.js', import.meta.url),
  ) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.database = new DatabaseSync(join(dataDir, journalFile))
    this.database.exec(
      'PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA busy_timeout=5000',
    )
    this.createSchema()
    this.begin = this.database.prepare('BEGIN IMMEDIATE')
    this.commit = this.database.prepare('COMMIT')
    this.insertStart = this.database.prepare('INSERT INTO attempt (seq, start) VALUES (?, ?)')
    this.updateProgress = this.database.prepare('UPDATE attempt SET progress = ? WHERE seq = ?')
    this.updateEvent = this.database.prepare(
      `UPDATE attempt SET start = '', event_key = ?, event_value = ?, event_headers = ? WHERE seq = ?`,
    )
    this.deletePublished = this.database.prepare(
      'DELETE FROM attempt WHERE seq IN (SELECT value FROM json_each(?))',
    )
    this.nextSeq =
      Number(this.database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM attempt').get()?.['seq'] ?? 0) +
      1
    this.recover()
    this.worker = this.startPublisher(workerUrl, { dataDir, bus, logLevel: logger.level })
    gauge('weir_journal_open_attempts', 'Attempts that are under way.', [], (self) =>
      self.set(this.openCount),
    )
    gauge('weir_journal_depth', 'Settled attempts that the bus has not acknowledged.', [], (self) =>
      self.set(this.settledCount),
    )
  }

  /** Rows that are open, and rows that wait for the bus. */
  get depth(): { open: number; settled: number } {
    return { open: this.openCount, settled: this.settledCount }
  }

  /** Notes an attempt; the upstream may be called when `written` is called without an error. Returns its number. */
  start(start: AttemptStart, written: Written): number {
    const seq = this.nextSeq++
    this.openCount++
    this.add(this.insertStart, [seq, JSON.stringify(start)], (error) => {
      if (error) this.openCount--
      written(error)
    })
    return seq
  }

  /** Notes how far a stream has come. */
  progress(seq: number, progress: AttemptProgress): void {
    this.add(this.updateProgress, [JSON.stringify(progress), seq], undefined)
  }

  /** Notes how an attempt ended; once `written` was called without an error its event cannot be lost. */
  settle(seq: number, start: AttemptStart, end: AttemptEnd, written?: Written): void {
    this.writeEvent(seq, toMessage(start, end), written)
  }

  /** Waits until the bus has everything, or the time is over; what is left is published at the next start. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true
    this.flush()
    if (this.settledCount > 0 && !this.exited) {
      await new Promise<void>((resolve) => {
        this.drained = resolve
        setTimeout(resolve, timeoutMs).unref()
        this.tell('settled')
      })
    }
    const ended = new Promise((resolve) => this.worker.once('exit', resolve))
    this.tell('close')
    if (!this.exited) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2_000))])
    await this.worker.terminate()
    this.flush()
    this.database.close()
  }

  /**
   * What the disk refuses is kept in memory and tried again: should the process end before it is
   * written, the attempt is found open at the next start and settled as interrupted.
   */
  private writeEvent(seq: number, message: Message, written: Written | undefined): void {
    this.add(this.updateEvent, [...toColumns(message), seq], (error) => {
      if (error) {
        this.logger.error(
          { err: error },
          'An attempt could not be settled in the journal; trying again. Check the disk of WEIR_DATA_DIR.',
        )
        this.retry(() => this.writeEvent(seq, message, undefined))
      } else {
        this.openCount--
        this.settledCount++
        this.announce()
      }
      written?.(error)
    })
  }

  /** The publisher waits for this: rows that it finds again it would publish again. */
  private deleteAcknowledged(seqs: number[]): void {
    this.add(this.deletePublished, [JSON.stringify(seqs)], (error) => {
      if (error) {
        this.logger.error(
          { err: error },
          'Published attempts could not be taken out of the journal; trying again. Check the disk of WEIR_DATA_DIR.',
        )
        this.retry(() => this.deleteAcknowledged(seqs))
        return
      }
      this.settledCount -= seqs.length
      this.tell('deleted')
      if (this.settledCount === 0) this.drained?.()
    })
  }

  private retry(write: () => void): void {
    setTimeout(() => {
      if (!this.closed) write()
    }, retryMs).unref()
  }

  private add(statement: StatementSync, values: (string | number)[], written: Written | undefined): void {
    this.pending.push({ statement, values, written })
    this.scheduled ??= setImmediate(() => this.flush())
  }

  /** One transaction for everything that this turn has brought, then the callbacks. */
  private flush(): void {
    clearImmediate(this.scheduled)
    this.scheduled = undefined
    const operations = this.pending
    if (operations.length === 0) return
    this.pending = []
    const startedAt = performance.now()
    let failure: Error | undefined
    try {
      this.begin.run()
      for (const { statement, values } of operations) statement.run(...values)
      this.commit.run()
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
      if (this.database.isTransaction) this.database.exec('ROLLBACK')
    }
    flushDuration.observe((performance.now() - startedAt) / 1000)
    for (const { written } of operations) written?.(failure)
  }

  private announce(): void {
    if (this.told) return
    this.told = true
    this.tell('settled')
  }

  private createSchema(): void {
    const { user_version: version } = this.database.prepare('PRAGMA user_version').get() ?? {}
    if (version !== schemaVersion && this.hasAttempts()) {
      throw new Error(
        `The journal ${journalFile} in WEIR_DATA_DIR is of another version of Weir and has attempts that the bus lacks: run that version until they are sent (weir_journal_depth is 0).`,
      )
    }
    if (version !== schemaVersion) this.database.exec('DROP TABLE IF EXISTS attempt')
    this.database.exec(`${schema}; PRAGMA user_version=${schemaVersion}`)
  }

  private hasAttempts(): boolean {
    const table = this.database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'attempt'").get()
    return table !== undefined && this.database.prepare('SELECT 1 FROM attempt LIMIT 1').get() !== undefined
  }

  /** Attempts of a process that died are settled as interrupted, with what is known of them. */
  private recover(): void {
    const open = this.database
      .prepare('SELECT seq, start, progress FROM attempt WHERE event_value IS NULL')
      .all()
    this.database.exec('BEGIN IMMEDIATE')
    for (const { seq, start, progress } of open as {
      seq: number
      start: string
      progress: string | null
    }[]) {
      try {
        const noted = progress === null ? undefined : (JSON.parse(progress) as AttemptProgress)
        const attempt = { ...blankEvent, ...(JSON.parse(start) as AttemptStart) }
        this.updateEvent.run(...toColumns(toMessage(attempt, interruptedEnd(attempt, noted))), seq)
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
        this.logger.error(
          { err: error, seq },
          'An attempt in the journal cannot be read: it stays there, open.',
        )
      }
    }
    this.database.exec('COMMIT')
    this.settledCount = Number(
      this.database.prepare('SELECT count(*) AS rows FROM attempt WHERE event_value IS NOT NULL').get()?.[
        'rows'
      ] ?? 0,
    )
    if (this.settledCount > 0) {
      this.logger.info(
        { attempts: this.settledCount, interrupted: open.length },
        'Found attempts of an earlier run in the journal.',
      )
    }
  }

  private startPublisher(url: URL, options: PublisherOptions): Worker {
    const worker = new Worker(url, { workerData: options, resourceLimits: { maxYoungGenerationSizeMb: 64 } })
    worker.on('message', (message: FromPublisher) => {
      if (message.type === 'published') return this.deleteAcknowledged(message.seqs)
      if (message.type === 'log') return this.logger[message.level](message.details, message.text)
      this.told = false
      // Settled after it had looked, and before this thread knew that it had.
      if (this.settledCount > 0) this.announce()
    })
    worker.on('error', (error) => this.logger.fatal({ err: error }, 'The journal’s publisher failed.'))
    worker.on('exit', (code) => {
      this.exited = true
      // Without its publisher a gateway would take requests and account for none of them in time.
      if (code !== 0 && !this.closed) process.kill(process.pid, 'SIGTERM')
    })
    return worker
  }

  private tell(message: ToPublisher): void {
    if (!this.exited) this.worker.postMessage(message)
  }
}

function toMessage(start: AttemptStart, end: AttemptEnd): Message {
  return requestSettled.encode(toRequestSettled(start, end), 'gateway', start.traceparent)
}

function toColumns({ key, value, headers }: Message): [string, string, string] {
  return [key, value, JSON.stringify(headers)]
}
