const newline = 0x0a

/** Counts the events of a server-sent event stream, however its bytes are cut. */
export class EventCounter {
  /** Data lines but `[DONE]`. */
  events = 0
  /** The last data line was `[DONE]`. */
  done = false
  private partial = ''

  reset(): void {
    this.events = 0
    this.done = false
    this.partial = ''
  }

  push(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      const lineEnd = bytes.indexOf(newline, at)
      if (lineEnd < 0 || lineEnd >= end) {
        this.partial += bytes.toString('latin1', at, end)
        return
      }
      if (this.partial !== '') {
        this.count(this.partial + bytes.toString('latin1', at, lineEnd))
        this.partial = ''
      } else if (isDone(bytes, at)) this.done = true
      else if (isData(bytes, at)) this.countData()
      at = lineEnd + 1
    }
  }

  private count(line: string): void {
    if (line.startsWith('data: [DONE]')) this.done = true
    else if (line.startsWith('data:')) this.countData()
  }

  private countData(): void {
    this.events++
    // What follows a [DONE] makes it no end.
    this.done = false
  }
}

/** Only called on a whole line, so what is compared beyond a short one is another line's bytes and cannot match. */
const isData = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 0x64 &&
  bytes[at + 1] === 0x61 &&
  bytes[at + 2] === 0x74 &&
  bytes[at + 3] === 0x61 &&
  bytes[at + 4] === 0x3a

const isDone = (bytes: Buffer, at: number): boolean =>
  bytes[at + 6] === 0x5b && bytes.toString('latin1', at, at + 12) === 'data: [DONE]'
