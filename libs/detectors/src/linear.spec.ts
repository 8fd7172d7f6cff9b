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

/** What makes a careless search take the square of a text's length, or worse: for every detector. */
const common: readonly string[] = [
  ...[
    'a',
    'A ',
    '4',
    '4 ',
    '\u200b',
    '\u0301',
    '统一码',
    'QUFBQUFBQUFBQUFBQUFB ',
    '%41 ',
    '%2541',
    '&#65;',
    'a.',
  ],
  'The quick brown fox jumps over the lazy dog by the river. ',
]

/** And for one of them. */
const own: Readonly<Record<DetectorName, readonly string[]>> = {
  email: ['@', 'a@', 'a@a.', '.@'],
  phone: ['+1 ', '+14155552671 ', '(', '(0) 3', '00 49 ', '415-555-'],
  payment_card: ['4111 ', '4111 1111 1111 1111 ', '٤١١١ ', '4111-'],
  iban: ['DE89', 'DE89 ', 'GB82 WEST '],
  national_id: ['123-45-', '12 345 678 ', 'X1234567', 'ABCDE1234', 'AB 12 34 ', '1 A '],
  ip_address: [':', '1:', '1.1.1.1 ', 'a:b:', '1.'],
  date_of_birth: ['12.12.', 'born 12 ', 'born 12.12.1990 ', '1990-', 'may '],
  postal_address: ['12 Main ', 'Via A ', 'Calle de la ', '12 rue de ', 'A-A-'],
  person_name: ['John ', 'Mr. ', 'my name is ', 'Ab ', 'John de la '],
  secret: [
    'ghs_1_',
    `SG.a.${'a'.repeat(257)} `,
    'figd_',
    'xoxb-',
    'eyJ',
    'password=',
    '-----BEGIN PRIVATE KEY-----',
    'sk-',
    'http://a:',
  ],
  prompt_injection: ['ignore ', 'ignore previous ', 'i ', 'i.', 'you are ', '<|im_start|', '1gn0re '],
  url: ['http://', 'http://a@', 'http:///', 'www.', 'a@', 'a/'],
  language: ['ein ', 'а'],
  words: ['aaaaaaaaaaaaaaaa', 'project ', 'zeus '],
  pattern: ['aaaaaaaaa!', 'a!'],
  code: ['a = b\n', '\n', '```\n', 'if (', 'public ', ' '],
  size: ['\ud83d\ude00'],
}

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

describe('a hostile text of 100 kB (threat 23)', { timeout: 60_000 }, () => {
  it.each(detectorNames)('takes %s time in proportion to its length', (name) => {
    const detectors = compileDetectors([settingsOf[name] ?? name])
    const tooSlow: string[] = []
    for (const text of [...common, ...own[name]]) {
      const long = times(text, 100_000)
      const short = times(text, 10_000)
      detectors.scan(short)
      const longMs = timeOf(() => detectors.scan(long))
      // What takes a moment only says more of the machine than of the detector.
      if (longMs < 20) continue
      const ratio = longMs / timeOf(() => detectors.scan(short))
      if (ratio > 30)
        tooSlow.push(
          `${JSON.stringify(text.slice(0, 20))}: ${longMs.toFixed(0)} ms, ${ratio.toFixed(0)} times`,
        )
    }
    expect(tooSlow).toEqual([])
  })
})
