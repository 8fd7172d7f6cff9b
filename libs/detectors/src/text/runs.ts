import { alphanumerics, classOf } from './characters.js'

/** Longest run of characters that is looked at as one: a run that goes on is cut into pieces of so many. */
export const longestRun = 4096

/** Pieces of a cut run overlap by so many, so that little falls between them. */
const overlap = 256

/** Characters of which keys, addresses and encoded texts are made. */
export const isRun = classOf(`${alphanumerics}_-+/=.%&#:@?~$!*;\\`)

/** So many characters before a line's end: lines of encoded text go on in the next. */
export const wrappedLine = 40

/**
 * Follows the runs of a text that comes in pieces. The last run is open: what it is will only be known
 * when it ends, or when it is cut.
 */
export class Runs {
  /** Where the open run begins; the end of the text when none is open. */
  openStart = 0
  /** Where pieces of cut runs begin. */
  private restarts: number[] = []
  private at = 0
  private lineStart = 0

  /** Reads the text from where it was left; `base` is the place of its first unit. */
  follow(text: string, base: number): void {
    for (; this.at < base + text.length; this.at++) {
      const code = text.charCodeAt(this.at - base)
      const isWrap = code === 0x0a && this.at - this.lineStart >= wrappedLine
      if (isWrap) this.lineStart = this.at + 1
      else if (!isRun(code)) this.openStart = this.lineStart = this.at + 1
      if (this.at - this.openStart < longestRun) continue
      this.openStart = this.at - overlap
      this.restarts.push(this.openStart)
    }
  }

  /** Whether a piece of a cut run begins at a place. */
  isRestart(place: number): boolean {
    return this.restarts.includes(place)
  }

  /** Where the run at a place is cut, and where its next piece begins; undefined when it ends by itself. */
  cutAfter(place: number): { end: number; restart: number } | undefined {
    const restart = this.restarts.find((each) => each > place)
    return restart === undefined ? undefined : { end: restart + overlap, restart }
  }

  /** Forgets what is before a place. */
  drop(place: number): void {
    this.restarts = this.restarts.filter((restart) => restart >= place)
  }
}
