import type { Detectors } from './detectors.js'
import type { Finding } from './finding.js'

/** What a piece of a stream gives. */
export interface Released {
  /** The next part of the text: all of it is decided, and no finding lies across its end. */
  readonly release: string
  /** Places count from the beginning of the stream. A finding comes with or before its first character. */
  readonly findings: readonly Finding[]
}

/**
 * Looks at a text that comes in pieces, and holds back only what may still become part of a finding. What
 * it finds is what `scan` finds in the whole.
 */
export class StreamScanner {
  private readonly scanner
  private held = ''
  private released = 0
  /** Findings that are known and not released to their end. */
  private open: Finding[] = []

  constructor(detectors: Detectors) {
    this.scanner = detectors.start()
  }

  /** The next piece. */
  push(text: string): Released {
    this.held += text
    return this.release(this.scanner.push(text), this.scanner.decidedTo)
  }

  /** Nothing more comes: releases the rest. */
  end(): Released {
    return this.release(this.scanner.push('', true), this.released + this.held.length)
  }

  private release(findings: readonly Finding[], decidedTo: number): Released {
    const all = [...this.open, ...findings].sort((a, b) => b.end - a.end)
    let to = Math.max(decidedTo, this.released)
    // Longest first: a finding that begins earlier may draw the end before one that then lies across it.
    for (let moved = true; moved;) {
      moved = false
      for (const { start, end } of all) {
        if (start >= to || end <= to) continue
        to = start
        moved = true
      }
    }
    const release = this.held.slice(0, to - this.released)
    this.held = this.held.slice(release.length)
    this.released += release.length
    this.open = all.filter(({ end }) => end > this.released)
    return { release, findings }
  }
}
