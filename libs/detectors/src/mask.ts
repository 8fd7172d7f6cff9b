import type { Finding } from './finding.js'

/** The text with a word such as `[email]` in the place of each finding; those that overlap become one. */
export function mask(text: string, findings: readonly Finding[]): string {
  let masked = ''
  let done = 0
  const sorted = [...findings].sort((a, b) => a.start - b.start || b.end - a.end)
  for (const { detector, start, end } of sorted) {
    if (end <= done) continue
    // What overlaps the one before is part of its word.
    if (start >= done && end > start) masked += `${text.slice(done, start)}[${detector}]`
    done = end
  }
  return masked + text.slice(done)
}
