import { describe, expect, it } from 'vitest'
import { compileDetectors, type DetectorName, type DetectorSettings, detectorNames } from './index.js'

const settingsOf: Partial<Record<DetectorName, DetectorSettings>> = {
  url: { name: 'url', domains: ['evil.example'] },
  language: { name: 'language', allowed: ['en'] },
  words: { name: 'words', words: ['project zeus', 'zeus', 'aaaaaaaaaaaaaaaaab', 'aaaaaaaab'] },
  pattern: { name: 'pattern', pattern: '(a+)+$' },
  size: { name: 'size', max_characters: 2000 },
}

const times = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** What makes a careless search take the square of a text's length, or worse. */
const hostile: readonly string[] = [
  ...['@', 'a@', 'a.', 'a@a.', '4', '4 ', '4111 ', '4111 1111 1111 1111 ', '+1 ', '+14155552671 ', '(', ':', '1:'],
  ...['DE89', 'DE89 ', '\u200b', 'A', 'a', 'A ', 'Ab ', 'QUFBQUFBQUFBQUFBQUFB ', '%41', '%41 ', '%2541', '\\u0041', '&#65;'],
  ...['ghs_1_', `SG.a.${'a'.repeat(257)} `, 'figd_', 'xoxb-', 'eyJ', 'password=', '-----BEGIN PRIVATE KEY-----', 'sk-'],
  ...['ignore ', 'ignore previous ', 'i ', 'i.', 'you are ', '<|im_start|', 'John ', 'Mr. ', 'my name is ', '12 Main '],
  ...['Via A ', '1 A ', 'http://', 'http://a@', 'http:///', 'www.', 'project ', 'a = b\n', '\n', '```\n', 'born 12 '],
  ...['12.12.', '123-45-', '12 345 678 ', 'X1234567', 'ABCDE1234', '\ud83d\ude00', '统一码', 'e\u0301', '\u0301', ' '],
  ...['The quick brown fox jumps over the lazy dog by the river. ', '٤١١١ ', '{"a":', '0x', '1.1.1.1 ', 'AKIA'],
]

function timeOf(scan: () => unknown): number {
  let best = Infinity
  for (let round = 0; round < 3; round++) {
    const start = performance.now()
    scan()
    best = Math.min(best, performance.now() - start)
    if (best < 10) break
  }
  return best
}

describe('a hostile text of 100 kB (threat 23)', () => {
  it.each(detectorNames)('takes %s time in proportion to its length', (name) => {
    const detectors = compileDetectors([settingsOf[name] ?? name])
    const tooSlow: string[] = []
    for (const text of hostile) {
      const long = times(text, 100_000)
      const short = times(text, 10_000)
      detectors.scan(short)
      const longMs = timeOf(() => detectors.scan(long))
      // What takes a moment only says more of the machine than of the detector.
      if (longMs < 20) continue
      const ratio = longMs / timeOf(() => detectors.scan(short))
      if (ratio > 30) tooSlow.push(`${JSON.stringify(text.slice(0, 20))}: ${longMs.toFixed(0)} ms, ${ratio.toFixed(0)} times`)
    }
    expect(tooSlow).toEqual([])
  })
})
