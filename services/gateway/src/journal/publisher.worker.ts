import { type Bus, createBus, type Message } from '@weir/bus'
import { requestSettled } from '@weir/contracts'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** What the publisher is started with. */
export interface PublisherOptions {
  dataDir: string
  bus: { kafkaBrokers?: string[]; databaseUrl?: string }
  logLevel: string
}

/** `settled`: there are new events; `deleted`: the rows named last are gone; `close`: stop. */
export type ToPublisher = 'settled' | 'deleted' | 'close'

/** What the publisher tells the journal; `looking`: it will not see what is settled from now on unless it is told. */
export type FromPublisher =
  | { type: 'looking' }
  | { type: 'published'; seqs: number[] }
  | { type: 'log'; level: 'warn' | 'info'; details: Record<string, unknown>; text: string }

const batchSize = 500

/** Between two looks into the journal: a thread that is woken for every event costs more than the event. */
const gatherMs = 100
const checkpointMs = 1_000
const maxPauseMs = 5_000

/** The write-ahead log grows to a little more than this: 32 MiB. */
const maxLogPages = 8_192

interface Row {
  seq: number
  key: string
  value: string
  headers: string
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
      `SELECT seq, event_key AS key, event_value AS value, event_headers AS headers FROM attempt
       WHERE event_value IS NOT NULL ORDER BY seq LIMIT ?`,
    )
    while (!this.closed) {
      this.settled = false
      const rows = select.all(batchSize) as unknown as Row[]
      if (rows.length === 0) {
        this.port.postMessage({ type: 'looking' } satisfies FromPublisher)
        if (!this.settled) await this.nextMessage()
        continue
      }
      await this.publish(rows.map(toMessage))
      if (this.closed) break
      this.port.postMessage({ type: 'published', seqs: rows.map(({ seq }) => seq) } satisfies FromPublisher)
      await this.nextDeletion()
      if (rows.length < batchSize && !this.closed) await setTimeout(gatherMs)
    }
    await this.bus.close()
    this.database.close()
    this.port.close()
  }

  /** Tries until the bus has acknowledged, or the publisher is closed. */
  private async publish(messages: Message[]): Promise<void> {
    for (let pauseMs = 100; !this.closed; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        await this.bus.publish(requestSettled.topic, messages)
        if (this.failing) this.log('info', {}, 'The bus takes events again.')
        this.failing = false
        return
      } catch (error) {
        if (!this.failing) {
          const reason = error instanceof Error ? error.message : String(error)
          this.log(
            'warn',
            { reason },
            'The bus takes no events now: usage waits in the journal and is sent when it is back.',
          )
        }
        this.failing = true
        await this.nextMessage(pauseMs)
      }
    }
  }

  private nextMessage(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : globalThis.setTimeout(resolve, timeoutMs)
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

  /**
   * Carries the write-ahead log into the file, which holds up nobody. Under load that never reaches
   * the log's end, so that the log would grow without end: once it is long the little that is left
   * is carried over with the writer locked out, for about the time of one flush.
   */
  private checkpoint(): void {
    try {
      const [result] = this.database.prepare('PRAGMA wal_checkpoint(PASSIVE)').all() as { log: number }[]
      if (result && result.log > maxLogPages) this.database.exec('PRAGMA wal_checkpoint(RESTART)')
    } catch (error) {
      this.log('warn', { reason: String(error) }, 'The journal could not be checkpointed.')
    }
  }

  private log(level: 'warn' | 'info', details: Record<string, unknown>, text: string): void {
    this.port.postMessage({ type: 'log', level, details, text } satisfies FromPublisher)
  }
}

function toMessage({ key, value, headers }: Row): Message {
  return { key, value, headers: JSON.parse(headers) as Record<string, string> }
}

if (parentPort) await new Publisher(workerData as PublisherOptions, parentPort).run()
