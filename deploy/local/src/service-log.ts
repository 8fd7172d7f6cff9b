import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'

/** At a start a log beyond this is set aside as `<name>.log.1`, in place of the one before. */
const ROTATE_BYTES = 10 * 1024 * 1024
/** The same while it runs, so that an instance that stays up for months does not fill the disk. */
const MOST_BYTES = 64 * 1024 * 1024
const TAIL_BYTES = 16 * 1024

/** What one process prints. It writes to the file itself, so nothing is lost when the launcher is killed. */
export class ServiceLog {
  readonly path: string
  /** Where this start's lines begin. */
  private begin = 0

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.log`)
    if (this.size() > ROTATE_BYTES) renameSync(this.path, `${this.path}.1`)
    this.begin = this.size()
  }

  /** Sets a log aside that has grown too long. The process goes on writing at the end of the emptied file. */
  bound(): void {
    if (this.size() <= MOST_BYTES) return
    copyFileSync(this.path, `${this.path}.1`)
    truncateSync(this.path)
    this.begin = 0
  }

  /** The last lines since this start, for a person who must see why it failed. */
  tail(lines = 20): string[] {
    let file: number
    try {
      file = openSync(this.path, 'r')
    } catch {
      return []
    }
    try {
      const { size } = fstatSync(file)
      const from = Math.max(this.begin, size - TAIL_BYTES)
      const buffer = Buffer.alloc(Math.max(0, size - from))
      readSync(file, buffer, 0, buffer.length, from)
      return buffer.toString('utf8').split('\n').filter(Boolean).slice(-lines)
    } finally {
      closeSync(file)
    }
  }

  private size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
  }
}
