import { requestSettled } from '@weir/contracts'
import { gauge, histogram, type Logger } from '@weir/observability'
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Underway } from '../underway.js'
import { readAcknowledged } from './acknowledged.js'
import {
  type AttemptEnd,
  type AttemptProgress,
  type AttemptStart,
  interruptedEnd,
  toRequestSettled,
} from './attempt.js'
import { type EarlierAttempt, readEarlierRun } from './earlier-run.js'
import { GatewayRuns } from './gateway-runs.js'
import { PublishState } from './publish-state.js'
import type { FromPublisher, PublisherOptions } from './publisher.worker.js'
import { eventLine, progressLine, startLine } from './record.js'
import { listSegments, type Segment, segmentAt } from './segment.js'
import { setAside } from './set-aside.js'

/** Where the journal lies in the gateway's data folder. */
export const journalFolder = 'journal'

/** A segment that is longer is followed by another one. */
const segmentBytes = 16 * 1024 * 1024

/** How often what is over is cleared away. */
const tidyEveryMs = 500

/** After which what the disk refused is tried again. */
const retryMs = 1_000

/** For fields that a start lacks, because an older version has written it. */
const blankEvent = requestSettled.decode('{"event_id":"none"}')

/** Called once the write is in the journal, or with the reason why it is not. */
type Written = (error?: Error) => void

/** An attempt that is under way. */
export interface JournalEntry {
  readonly seq: number
  readonly start: AttemptStart
  /** The segment that has its start. */
  segment: OpenSegment
  progress: AttemptProgress | undefined
  slot: number
}

/** A segment and how many attempts under way it has the start of: it stays until there is none. */
interface OpenSegment extends Segment {
  openCount: number
}

interface Operation {
  line: string
  written: Written | undefined
}

const flushDuration = histogram(
  'weir_journal_flush_duration_seconds',
  'Time that one turn’s journal writes hold the event loop.',
  [],
  [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05],
)

/**
 * The gateway's local journal, a log on its disk: an attempt is in it before the upstream is called
 * and leaves it when the bus has acknowledged its event. All lines of one turn of the event loop are
 * one write on this thread: a killed process loses nothing, and no request waits for a disk, because
 * flushing and publishing are the worker's.
 */
export class Journal {
  readonly runs: GatewayRuns
  private readonly folder: string
  private readonly state = new PublishState()
  private readonly worker: Worker
  private readonly open = new Underway<JournalEntry>()
  private readonly segments: OpenSegment[]
  private current: OpenSegment
  private file: number
  private nextSeq: number
  private pending: Operation[] = []
  private scheduled: NodeJS.Immediate | undefined
  /** The file ends in a piece of a line, which could not be taken back. */
  private torn = false
  private exited = false
  private closed = false
  private readonly tidyTimer: NodeJS.Timeout
  private tidying: Promise<void> = Promise.resolve()

  /** @param workerUrl the compiled publisher, for whoever runs this from its source */
  constructor(
    dataDir: string,
    bus: PublisherOptions['bus'],
    private readonly logger: Logger,
    workerUrl = new URL('./publisher.worker.js', import.meta.url),
  ) {
    this.folder = join(dataDir, journalFolder)
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    this.runs = new GatewayRuns(this.folder)
    this.segments = listSegments(this.folder).map((segment) => ({ ...segment, openCount: 0 }))
    const last = this.segments.at(-1)
    this.state.acknowledged = readAcknowledged(this.folder)
    this.state.end = last ? last.start + statSync(last.path).size : 0
    const earlier = readEarlierRun(this.folder, this.state, (start) => this.runs.noteEarlier(start))
    this.nextSeq = earlier.lastSeq + 1
    this.state.settled = earlier.waitingCount
    // Even if the disk has lost the end of the log in a power failure: what is new must not seem published.
    this.state.end = Math.max(this.state.end, this.state.acknowledged)
    this.current = { ...segmentAt(this.folder, this.state.end), openCount: 0 }
    this.file = openSync(this.current.path, 'a', 0o600)
    if (last?.start !== this.current.start) this.segments.push(this.current)
    this.settleInterrupted(earlier.interrupted)
    this.worker = this.startPublisher(workerUrl, {
      folder: this.folder,
      topic: requestSettled.topic,
      bus,
      logLevel: logger.level,
      state: this.state.buffer,
    })
    this.tidyTimer = setInterval(() => void this.tidy(), tidyEveryMs)
    this.tidyTimer.unref()
    gauge('weir_journal_open_attempts', 'Attempts that are under way.', [], (self) =>
      self.set(this.depth.open),
    )
    gauge('weir_journal_depth', 'Settled attempts that the bus has not acknowledged.', [], (self) =>
      self.set(this.depth.settled),
    )
  }

  /** Attempts that are under way, and events that wait for the bus. */
  get depth(): { open: number; settled: number } {
    return { open: this.open.size, settled: this.state.settled - this.state.published }
  }

  /** Notes an attempt; the upstream may be called when `written` is called without an error. */
  start(start: AttemptStart, written: Written): JournalEntry {
    const entry: JournalEntry = {
      seq: this.nextSeq++,
      start,
      segment: this.current,
      progress: undefined,
      slot: 0,
    }
    entry.slot = this.open.add(entry)
    entry.segment.openCount++
    this.add(startLine(entry.seq, start), (error) => {
      if (error) this.forget(entry)
      else this.runs.note(entry.seq, start.gatewayRun)
      written(error)
    })
    return entry
  }

  /** Notes how far a stream has come. */
  progress(entry: JournalEntry, progress: AttemptProgress): void {
    entry.progress = progress
    this.add(progressLine(entry.seq, progress), undefined)
  }

  /** Notes how an attempt ended; once `written` was called without an error its event cannot be lost. */
  settle(entry: JournalEntry, end: AttemptEnd, written?: Written): void {
    let line: string
    try {
      line = toEventLine(entry.seq, entry.start, end)
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      this.logger.error(
        { err: failure },
        'An attempt has no event: it is settled as interrupted at the next start.',
      )
      written?.(failure)
      return
    }
    this.writeEvent(entry, line, written)
  }

  /** Waits until the bus has everything, or the time is over; what is left is published at the next start. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true
    this.flush()
    const until = Date.now() + timeoutMs
    while (this.depth.settled > 0 && !this.exited && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    clearInterval(this.tidyTimer)
    const ended = new Promise((resolve) => this.worker.once('exit', resolve))
    if (!this.exited) {
      this.worker.postMessage('close')
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 2_000))])
    }
    await this.worker.terminate()
    this.flush()
    await this.tidy()
    closeSync(this.file)
    this.runs.close()
  }

  /**
   * What the disk refuses is kept in memory and tried again: should the process end before it is
   * written, the attempt is found without its event at the next start and settled as interrupted.
   */
  private writeEvent(entry: JournalEntry, line: string, written: Written | undefined): void {
    this.add(line, (error) => {
      if (error) {
        this.logger.error(
          { err: error },
          'An attempt could not be settled in the journal; trying again. Check the disk of WEIR_DATA_DIR.',
        )
        this.retry(() => this.writeEvent(entry, line, undefined))
      } else {
        this.forget(entry)
        this.state.settled++
      }
      written?.(error)
    })
  }

  private retry(write: () => void): void {
    setTimeout(() => {
      if (!this.closed) write()
    }, retryMs).unref()
  }

  private forget(entry: JournalEntry): void {
    this.open.remove(entry.slot)
    entry.segment.openCount--
  }

  private add(line: string, written: Written | undefined): void {
    this.pending.push({ line, written })
    this.scheduled ??= setImmediate(() => this.flush())
  }

  /** One write for everything that this turn has brought, then the callbacks. */
  private flush(): void {
    clearImmediate(this.scheduled)
    this.scheduled = undefined
    const operations = this.pending
    if (operations.length === 0) return
    this.pending = []
    const startedAt = performance.now()
    let text = ''
    for (const { line } of operations) text += line
    let failure: Error | undefined
    try {
      this.append(Buffer.from(text))
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    flushDuration.observe((performance.now() - startedAt) / 1000)
    for (const { written } of operations) written?.(failure)
    if (this.state.end - this.current.start > segmentBytes) this.beginSegment()
  }

  /** Writes all of it, or nothing. */
  private append(bytes: Buffer): void {
    if (this.torn) this.takeBack()
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(this.file, bytes, written)
      }
    } catch (error) {
      this.torn = true
      this.takeBack()
      throw error
    }
    this.state.end += bytes.length
  }

  /** A disk that is full takes a piece and refuses the rest. */
  private takeBack(): void {
    ftruncateSync(this.file, this.state.end - this.current.start)
    this.torn = false
  }

  /** Begins the next segment. Attempts that are long under way are written in it again, so that old ones can go. */
  private beginSegment(): void {
    const next = { ...segmentAt(this.folder, this.state.end), openCount: 0 }
    try {
      const file = openSync(next.path, 'a', 0o600)
      closeSync(this.file)
      this.file = file
    } catch (error) {
      this.logger.warn({ err: error }, 'The journal could not begin a new file: it goes on in the old one.')
      return
    }
    const before = this.current
    this.current = next
    this.segments.push(next)
    const carried = [...this.open].filter(({ segment }) => segment !== before)
    if (carried.length === 0) return
    try {
      this.append(
        Buffer.from(
          carried
            .map(
              ({ seq, start, progress }) =>
                startLine(seq, start) + (progress ? progressLine(seq, progress) : ''),
            )
            .join(''),
        ),
      )
    } catch (error) {
      this.logger.warn({ err: error }, 'The journal could not carry attempts over: their old files stay.')
      return
    }
    for (const entry of carried) {
      entry.segment.openCount--
      entry.segment = next
      next.openCount++
    }
  }

  /** Takes away what is published and has nothing under way; an idle gateway's journal is empty. */
  private tidy(): Promise<void> {
    return (this.tidying = this.tidying.then(() => this.tidyOnce()))
  }

  private async tidyOnce(): Promise<void> {
    const { acknowledged, end } = this.state
    const isIdle = acknowledged >= end && this.open.size === 0 && this.pending.length === 0
    if (isIdle && end > this.current.start) this.beginSegment()
    const kept = this.segments.findIndex(
      ({ openCount }, index) => openCount > 0 || (this.segments[index + 1]?.start ?? Infinity) > acknowledged,
    )
    if (kept <= 0) return
    try {
      await this.runs.save()
    } catch (error) {
      this.logger.warn({ err: error }, 'The journal’s disk refuses: files that are over stay.')
      return
    }
    await Promise.all(this.segments.splice(0, kept).map(({ path }) => this.takeAway(path)))
  }

  private async takeAway(path: string): Promise<void> {
    try {
      await unlink(path)
    } catch (error) {
      this.logger.warn({ err: error }, 'A file of the journal that is over could not be deleted.')
    }
  }

  /** Attempts of a process that died are settled as interrupted, with what is known of them. */
  private settleInterrupted(attempts: EarlierAttempt[]): void {
    const lines = attempts.flatMap(({ seq, start, progress }) => {
      try {
        const attempt = { ...blankEvent, ...(JSON.parse(start.body.toString()) as AttemptStart) }
        const noted = progress && (JSON.parse(progress.body.toString()) as AttemptProgress)
        return [toEventLine(seq, attempt, interruptedEnd(attempt, noted))]
      } catch (error) {
        this.logger.error(
          { err: error, seq },
          `An attempt in the journal cannot be read; its line was moved to ${this.folder}/unreadable.`,
        )
        setAside(this.folder, start.line)
        return []
      }
    })
    this.append(Buffer.from(lines.join('')))
    this.state.settled += lines.length
    if (this.state.settled === 0) return
    this.logger.info(
      { attempts: this.state.settled, interrupted: lines.length },
      'Found attempts of an earlier run in the journal.',
    )
  }

  private startPublisher(url: URL, options: PublisherOptions): Worker {
    const worker = new Worker(url, { workerData: options })
    worker.on('message', ({ level, details, text }: FromPublisher) => this.logger[level](details, text))
    worker.on('error', (error) => this.logger.fatal({ err: error }, 'The journal’s publisher failed.'))
    worker.on('exit', (code) => {
      this.exited = true
      // Without its publisher a gateway would take requests and account for none of them in time.
      if (code !== 0 && !this.closed) process.kill(process.pid, 'SIGTERM')
    })
    return worker
  }
}

function toEventLine(seq: number, start: AttemptStart, end: AttemptEnd): string {
  return eventLine(seq, requestSettled.encode(toRequestSettled(start, end), 'gateway', start.traceparent))
}
