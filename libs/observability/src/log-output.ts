import { write, writeSync } from 'node:fs'

/** What waits for a reader that is slow; beyond this lines are lost. */
const maxWaitingBytes = 8 * 1024 * 1024

/** Until a pipe that is full is tried again. */
const retryMs = 20

/**
 * Log lines on their way to a file descriptor, one write at a time and never on the event loop. What cannot be
 * written is lost: a full disk or a reader that is gone must not end, or hold up, a process whose work does not
 * need its log. (pino's own stream ends the process then, and tries for ever when the process ends.)
 */
export class LogOutput {
  private waiting: string[] = []
  private waitingBytes = 0
  private isWriting = false

  constructor(private readonly fd: number) {
    process.once('exit', () => this.flushSync())
  }

  write(line: string): void {
    if (this.waitingBytes > maxWaitingBytes) return
    this.waiting.push(line)
    this.waitingBytes += line.length
    if (this.isWriting) return
    this.isWriting = true
    // A process that logs and ends in one turn has its last lines written by flushSync.
    setImmediate(() => this.writeNext())
  }

  /** Writes what waits, if it can be written at once: for a process that is about to end. */
  flushSync(): void {
    try {
      let rest = this.take()
      while (rest.length > 0) rest = rest.subarray(writeSync(this.fd, rest))
    } catch {
      // Nowhere to say so.
    }
  }

  private writeNext(rest = this.take()): void {
    if (rest.length === 0) {
      this.isWriting = false
      return
    }
    write(this.fd, rest, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.writeNext(rest), retryMs).unref()
      else this.writeNext(error || written === rest.length ? undefined : rest.subarray(written))
    })
  }

  private take(): Buffer {
    const text = this.waiting.join('')
    this.waiting = []
    this.waitingBytes = 0
    return Buffer.from(text)
  }
}
