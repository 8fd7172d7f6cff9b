import type { OutgoingMessage, Publisher as BusPublisher } from '@weir/bus'
import { createPublisher } from '@weir/bus/publisher'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { AcknowledgedFile } from './acknowledged.js'
import { PublishState } from './publish-state.js'
import { type LogRecord, readStretch, stretchBytes, toMessage } from './record.js'
import { listSegments } from './segment.js'
import { setAside } from './set-aside.js'

/** What the publisher is started with. */
export interface PublisherOptions {
  /** The journal's folder. */
  folder: string
  /** Where its events go. */
  topic: string
  bus: { kafkaBrokers?: string[]; databaseUrl?: string }
  logLevel: string
  /** A `PublishState`, shared with the journal. */
  state: SharedArrayBuffer
}

/** What the publisher has to say: to be logged. It is told but one thing: to close. */
export interface FromPublisher {
  level: 'error' | 'warn' | 'info'
  details: Record<string, unknown>
  text: string
}

/** Between two looks into the journal: a thread that is woken for every event costs more than the event. */
const gatherMs = 100
const syncEveryMs = 1_000
const maxPauseMs = 5_000

/**
 * Carries events from the journal to the bus, in order, at least once; and flushes the journal to
 * the disk, which would hold up the event loop on the main thread.
 */
class Publisher {
  private readonly state: PublishState
  private readonly acknowledged: AcknowledgedFile
  /** Resolves when the publisher is to close. */
  private readonly closing: Promise<void>
  private closed = false
  private failing = false
  private syncedEnd = 0
  /** Kept: batches in memory of their own would have the garbage collector at work all the time. */
  private readonly space = Buffer.allocUnsafe(stretchBytes)

  constructor(
    private readonly options: PublisherOptions,
    private readonly bus: BusPublisher,
    private readonly port: NonNullable<typeof parentPort>,
  ) {
    this.state = new PublishState(options.state)
    this.acknowledged = new AcknowledgedFile(options.folder)
    this.closing = new Promise((resolve) => {
      port.once('message', () => {
        this.closed = true
        resolve()
      })
    })
    setInterval(() => void this.sync(), syncEveryMs).unref()
  }

  async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.carry()
      } catch (error) {
        this.log('error', { reason: String(error) }, 'The journal cannot be read; trying again.')
        await this.pause(maxPauseMs)
      }
    }
    await this.bus.close()
    this.acknowledged.close()
    this.port.close()
  }

  /** One look into the journal. */
  private async carry(): Promise<void> {
    const { settled, end: until } = this.state
    const { messages, end, unreadableCount } = this.read(until)
    if (messages.length > 0) await this.publish(messages)
    if (this.closed) return
    if (end > this.state.acknowledged) {
      this.noteAcknowledged(end)
      this.state.acknowledged = end
      this.state.published += messages.length + unreadableCount
    }
    if (end < until) return
    if (messages.length === 0) await Promise.race([this.state.moreThan(settled), this.closing])
    else await this.pause(gatherMs)
  }

  /** What a full disk does not take is published again at the next start, under the same ids. */
  private noteAcknowledged(position: number): void {
    try {
      this.acknowledged.write(position)
    } catch (error) {
      this.log(
        'warn',
        { reason: String(error) },
        'The journal cannot note what is published: its disk refuses.',
      )
    }
  }

  private async pause(ms: number): Promise<void> {
    await Promise.race([sleep(ms, undefined, { ref: false }), this.closing])
  }

  /** The next batch, which lies in the space until the next one is read, and the position after it. */
  private read(until: number): { messages: OutgoingMessage[]; end: number; unreadableCount: number } {
    const messages: OutgoingMessage[] = []
    let unreadableCount = 0
    const { records, end } = readStretch(this.options.folder, this.state.acknowledged, until, this.space)
    for (const record of records) {
      if (record.kind === 'start' || record.kind === 'progress') continue
      const message = this.toMessage(record)
      if (message) messages.push(message)
      else if (record.kind === 'event') unreadableCount++
    }
    return { messages, end, unreadableCount }
  }

  private toMessage(record: LogRecord): OutgoingMessage | undefined {
    try {
      if (record.kind !== 'event') throw new SyntaxError('The line is none of the journal’s.')
      return toMessage(record)
    } catch (error) {
      setAside(this.options.folder, record.line)
      const reason = error instanceof Error ? error.message : String(error)
      const text = `A line of the journal cannot be read; it was moved to ${this.options.folder}/unreadable.`
      this.log('error', { seq: record.seq, reason }, text)
      return undefined
    }
  }

  /** Tries until the bus has acknowledged, or the publisher is closed. */
  private async publish(messages: OutgoingMessage[]): Promise<void> {
    for (let pauseMs = 100; !this.closed; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        await this.bus.publish(this.options.topic, messages)
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
        await this.pause(pauseMs)
      }
    }
  }

  /** Has the disk take what was written since the last time, and the name of a new file. */
  private async sync(): Promise<void> {
    const { end } = this.state
    if (end === this.syncedEnd) return
    try {
      const [last, before] = listSegments(this.options.folder).reverse()
      if (before) await flushFile(before.path)
      if (last) await flushFile(last.path)
      await flushFile(this.options.folder)
      this.syncedEnd = end
    } catch (error) {
      this.log('warn', { reason: String(error) }, 'The journal could not be flushed to the disk.')
    }
  }

  private log(level: FromPublisher['level'], details: Record<string, unknown>, text: string): void {
    this.port.postMessage({ level, details, text } satisfies FromPublisher)
  }
}

/** Does nothing for a file that was taken away meanwhile: all of it is published. */
async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  try {
    await file?.datasync()
  } finally {
    await file?.close()
  }
}

if (parentPort) {
  const options = workerData as PublisherOptions
  const bus = await createPublisher({ ...options.bus, clientId: 'weir-gateway' })
  await new Publisher(options, bus, parentPort).run()
}
