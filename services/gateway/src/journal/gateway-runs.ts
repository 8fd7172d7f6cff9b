import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LogRecord } from './record.js'

const folderName = 'runs'
const field = Buffer.from('"gatewayRun":"')
const quote = 0x22

/** How many attempts of a run were begun that money was held for, up to one of them. */
interface Count {
  attempts: number
  lastSeq: number
  /** What the run's file has of `lastSeq`. */
  savedSeq: number
}

/** A run of this gateway that is over. */
export interface EndedRun {
  gatewayRun: string
  /** Attempts that money was held for; each has its event, sooner or later. */
  attempts: number
}

/**
 * The runs of the gateway that the journal is of: a file for each with how many attempts it began that
 * money was held for, until the policy service has closed it. The file counts what is not in the log any
 * more, the log the others, so that a killed process leaves the whole number.
 */
export class GatewayRuns {
  /** This run: a UUID, new at each start. */
  readonly current = randomUUID()
  private readonly folder: string
  private readonly own = newCount()
  private readonly earlier = new Map<string, Count>()
  private readonly file: number

  constructor(journalFolder: string) {
    this.folder = join(journalFolder, folderName)
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    for (const run of readdirSync(this.folder)) {
      this.earlier.set(run, parseCount(readFileSync(join(this.folder, run), 'latin1')))
    }
    this.file = openSync(join(this.folder, this.current), 'wx', 0o600)
  }

  /** The runs before this one that are not closed. */
  get ended(): EndedRun[] {
    return [...this.earlier].map(([gatewayRun, { attempts }]) => ({ gatewayRun, attempts }))
  }

  /** Counts what the log has of an earlier run. Called with every start in it, in its order. */
  noteEarlier({ seq, body }: LogRecord): void {
    const at = body.indexOf(field)
    if (at < 0) return
    const from = at + field.length
    const count = this.earlier.get(body.toString('latin1', from, body.indexOf(quote, from)))
    if (count) add(count, seq)
  }

  /** An attempt of this run is in the log. @param gatewayRun empty: no money was held for it */
  note(seq: number, gatewayRun: string): void {
    if (gatewayRun !== '') add(this.own, seq)
  }

  /**
   * Notes on the disk what is counted now. Awaited before a part of the log is taken away, in which it
   * may have been counted. Rejects when the disk refuses.
   */
  async save(): Promise<void> {
    for (const [run, count] of this.earlier) {
      if (count.lastSeq === count.savedSeq) continue
      writeFileSync(join(this.folder, run), toText(count), { flag: 'r+', flush: true })
      count.savedSeq = count.lastSeq
    }
    const { own } = this
    const { lastSeq } = own
    if (lastSeq === own.savedSeq) return
    // One write of one length in one place: a killed process leaves the old one or the new one.
    writeSync(this.file, toText(own), 0, 'latin1')
    await flush(this.file)
    own.savedSeq = lastSeq
  }

  /** An earlier run is closed. */
  forget(gatewayRun: string): void {
    if (this.earlier.delete(gatewayRun)) unlinkSync(join(this.folder, gatewayRun))
  }

  close(): void {
    closeSync(this.file)
  }
}

/** What is under way for long is in the log more than once; it counts where it came first. */
function add(count: Count, seq: number): void {
  if (seq <= count.lastSeq) return
  count.attempts++
  count.lastSeq = seq
}

/** Not on this thread: it takes milliseconds. */
const flush = promisify(fdatasync)

const newCount = (): Count => ({ attempts: 0, lastSeq: 0, savedSeq: 0 })

const toDigits = (count: number): string => String(count).padStart(16, '0')

const toText = ({ attempts, lastSeq }: Count): string => `${toDigits(attempts)} ${toDigits(lastSeq)}`

/** A file without any text is of a run that was killed before the log lost anything of it. */
function parseCount(text: string): Count {
  const found = /^(\d{16}) (\d{16})$/.exec(text)
  if (!found) return newCount()
  const lastSeq = Number(found[2])
  return { attempts: Number(found[1]), lastSeq, savedSeq: lastSeq }
}
