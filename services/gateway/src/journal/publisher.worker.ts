import { type Bus, createBus } from '@weir/bus'
import { requestSettled } from '@weir/contracts'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { type AttemptEnd, type AttemptStart, toRequestSettled } from './attempt.js'

/** What the publisher is started with. */
export interface PublisherOptions {
  dataDir: string
  bus: { kafkaBrokers?: string[]; databaseUrl?: string }
  logLevel: string
}

/** `settled`: there are new events; `deleted`: the rows named last are gone; `close`: stop. */
export type ToPublisher = 'settled' | 'deleted' | 'close'

/** What the publisher tells the journal. */
export type FromPublisher =
  | { type: 'published'; seqs: number[] }
  | { type: 'log'; level: 'warn' | 'info'; details: Record<string, unknown>; text: string }

const batchSize = 250
const checkpointMs = 1_000
const maxPauseMs = 5_000

interface Row {
  seq: number
  start: string
  ending: string
}

/**
 * Carries settled attempts from the journal to the bus, in order, at least once; and checkpoints
 * the journal, whose flush to disk would hold up the event loop on the main thread.
 */
class Publisher {
  private readonly database: DatabaseSync
  private readonly bus: Bus
  private wake: () => void = () => undefined
  private settled = true
  private closed = false
  private failing = false

  constructor(
    options: PublisherOptions,
    private readonly port: NonNullable<typeof parentPort>,
  ) {
    this.database = new DatabaseSync(join(options.dataDir, 'journal.db'))
    this.database.exec('PRAGMA busy_timeout=5000; PRAGMA synchronous=NORMAL')
    this.bus = createBus({ ...options.bus, clientId: 'weir-gateway' })
    port.on('message', (message: ToPublisher) => {
      if (message === 'close') this.closed = true
      if (message === 'settled') this.settled = true
      this.wake()
    })
    const timer = setInterval(() => this.checkpoint(), checkpointMs)
    timer.unref()
  }

  async run(): Promise<void> {
    // By number, not by "newest": attempts settle in another order than they start.
    const select = this.database.prepare(
      'SELECT seq, start, ending FROM attempt WHERE ending IS NOT NULL ORDER BY seq LIMIT ?',
    )
    while (!this.closed) {
      this.settled = false
      const rows = select.all(batchSize) as unknown as Row[]
      if (rows.length === 0) {
        if (!this.settled) await this.nextMessage()
        continue
      }
      await this.publish(rows)
      if (this.closed) break
      this.port.postMessage({ type: 'published', seqs: rows.map((row) => row.seq) } satisfies FromPublisher)
      await this.nextDeletion()
    }
    await this.bus.close()
    this.database.close()
    this.port.close()
  }

  /** Tries until the bus has acknowledged, or the publisher is closed. */
  private async publish(rows: Row[]): Promise<void> {
    const messages = rows.map((row) => {
      const start = JSON.parse(row.start) as AttemptStart
      const event = toRequestSettled(start, JSON.parse(row.ending) as AttemptEnd)
      return requestSettled.encode(event, 'gateway', start.traceparent)
    })
    for (let pauseMs = 100; !this.closed; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        await this.bus.publish(requestSettled.topic, messages)
        if (this.failing) this.log('info', {}, 'The bus takes events again.')
        this.failing = false
        return
      } catch (error) {
        if (!this.failing) {
          const reason = error instanceof Error ? error.message : String(error)
          this.log('warn', { reason }, 'The bus takes no events now: usage waits in the journal and is sent when it is back.')
        }
        this.failing = true
        await this.nextMessage(pauseMs)
      }
    }
  }

  private nextMessage(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs)
      this.wake = () => {
        // During an outage new events must not shorten the pause.
        if (timer && !this.closed) return
        clearTimeout(timer)
        resolve()
      }
      if (this.closed) this.wake()
    })
  }

  /** Until the rows are gone a look into the journal would find them again. */
  private nextDeletion(): Promise<void> {
    return new Promise((resolve) => {
      const hear = (message: ToPublisher) => {
        if (message === 'settled') return
        this.port.off('message', hear)
        resolve()
      }
      this.port.on('message', hear)
      if (this.closed) hear('close')
    })
  }

  private checkpoint(): void {
    try {
      this.database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (error) {
      this.log('warn', { reason: String(error) }, 'The journal could not be checkpointed.')
    }
  }

  private log(level: 'warn' | 'info', details: Record<string, unknown>, text: string): void {
    this.port.postMessage({ type: 'log', level, details, text } satisfies FromPublisher)
  }
}

if (parentPort) await new Publisher(workerData as PublisherOptions, parentPort).run()
