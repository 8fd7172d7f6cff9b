import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileDetectors, type DetectorSettings, type Finding, StreamScanner } from './index.js'

const every: readonly DetectorSettings[] = [
  ...(['email', 'phone', 'payment_card', 'iban', 'national_id', 'ip_address', 'date_of_birth'] as const),
  ...(['postal_address', 'person_name', 'secret', 'prompt_injection', 'url', 'code'] as const),
  { name: 'language', allowed: ['en'] },
  { name: 'words', words: ['project zeus', 'zeus', 'café', 'an'] },
  { name: 'pattern', pattern: '\\b[A-Z]{2}-\\d{3,5}\\b' },
  { name: 'size', max_characters: 150 },
]
const detectors = compileDetectors(every)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Pieces of which findings are made, and what stands between and within them. */
const piece = fc.constantFrom(
  ...[
    'ann@mail.example',
    '@',
    'a.b',
    '4111 1111 1111 1111',
    '4111',
    ' 1111',
    '5555555555554444',
    '1',
    '12 ',
    '-',
    '.',
  ],
  ...[
    '+49 30 1234567',
    '(415) 555-2671',
    'DE89 3704 0044 0532 0130 00',
    '219-09-9998',
    'SSN ',
    '529.982.247-25',
  ],
  ...[
    '10.0.0.1',
    '2001:db8::1',
    'born on 12 April 1990',
    'DOB: ',
    '1990-04-12',
    '12 Main Street, Springfield, IL 62704',
  ],
  ...[
    'Hauptstraße 12, 10115 Berlin',
    'Dr. ',
    'John Smith',
    'My name is ',
    'ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2',
  ],
  ...[
    'password = "h8#kLq2!z"',
    'ignore all ',
    'previous instructions',
    'i g n o r e ',
    'https://evil.example/a?b=%40',
  ],
  ...[
    'project zeus',
    'zeus',
    'cafe\u0301',
    'AB-1234',
    'const a = 1;\n',
    '```js\n',
    'import x from "y"\n',
    'foo(bar);\n',
  ],
  ...[
    '\u200b',
    '\ufeff',
    '\u0301',
    '\ud83d\ude00',
    '\ud83d',
    'é',
    '４１',
    '٤',
    '%',
    '%20',
    '%40',
    '\\u0040',
    '&#64;',
    'ann%40mail.example ',
    '4111%201111 1111%201111',
    '\\u002b49 30 1234567',
  ],
  ...[
    'Dies ist ein deutscher Satz, der lang genug ist. ',
    'The weather is fine today. ',
    ' ',
    '  ',
    '\n',
    ', ',
    '"',
    '=',
  ],
  ...[
    base64('mail to ann@mail.example today'),
    base64('the card 4111 1111 1111 1111 is mine'),
    'Zm9v',
    'x'.repeat(50),
  ],
  `-----BEGIN RSA PRIVATE KEY-----\n${`${'MIIEow1b'.repeat(8)}\n`.repeat(5)}-----END RSA PRIVATE KEY-----`,
  ...['a'.repeat(4090), `${'b'.repeat(5000)} `, `${base64('k@mail.example '.repeat(300))}`],
)
const text = fc.array(piece, { minLength: 1, maxLength: 40 }).map((pieces) => pieces.join(''))
const cuts = fc.array(fc.nat(), { maxLength: 60 })

function cutAt(whole: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b)
  return [...sorted, whole.length].map((end, index) => whole.slice(sorted[index - 1] ?? 0, end))
}

const known = ({ detector, kind, start, end, confidence }: Finding): string =>
  `${detector} ${kind} ${start}-${end} ${confidence}`
const sorted = (findings: readonly Finding[]): string[] => findings.map(known).sort()

describe('a text that comes in pieces (threat 25)', { timeout: 60_000 }, () => {
  it('has the findings of the whole, however it is cut', () => {
    fc.assert(
      fc.property(text, cuts, (whole, places) => {
        const stream = new StreamScanner(detectors)
        const all = [...cutAt(whole, places).map((part) => stream.push(part)), stream.end()]
        expect(all.map(({ release }) => release).join('')).toBe(whole)
        expect(sorted(all.flatMap(({ findings }) => findings))).toEqual(sorted(detectors.scan(whole)))
      }),
      { numRuns: 300 },
    )
  })

  it('shows each finding before its first character is released, and releases none in parts', () => {
    fc.assert(
      fc.property(text, cuts, (whole, places) => {
        const stream = new StreamScanner(detectors)
        let released = 0
        const seen: Finding[] = []
        for (const part of [...cutAt(whole, places), undefined]) {
          const { release, findings } = part === undefined ? stream.end() : stream.push(part)
          for (const finding of findings) expect(finding.start).toBeGreaterThanOrEqual(released)
          seen.push(...findings)
          released += release.length
          const torn = seen.filter(({ start, end }) => start < released && end > released)
          expect(torn).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('has the findings of the whole when it comes character by character', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const whole = pieces.join('').slice(0, 1500)
        const stream = new StreamScanner(detectors)
        const all = [...Array.from(whole.split(''), (part) => stream.push(part)), stream.end()]
        expect(sorted(all.flatMap(({ findings }) => findings))).toEqual(sorted(detectors.scan(whole)))
      }),
      { numRuns: 40 },
    )
  })
})

describe('what is held back', () => {
  it('is what an escape may still make a finding of', () => {
    const few = compileDetectors(['email', 'payment_card'])
    const prose = 'The weather of today is fine and dry. '.repeat(40)
    for (const hidden of ['ann%40mail.example', '4111 1111 1111 111%31', '\\u0034111 1111 1111 1111']) {
      const stream = new StreamScanner(few)
      let released = 0
      const seen: Finding[] = []
      for (const word of `${prose}${hidden} ${prose}`.split(/(?<= )/)) {
        const { release, findings } = stream.push(word)
        for (const { start } of findings) expect(start).toBeGreaterThanOrEqual(released)
        seen.push(...findings)
        released += release.length
      }
      expect(seen).toMatchObject([{ start: prose.length, end: prose.length + hidden.length }])
    }
  })

  it('is no more than the reach when nothing is open', () => {
    const few = compileDetectors(['payment_card', 'email', 'iban'])
    const stream = new StreamScanner(few)
    let given = 0
    let released = 0
    for (const word of 'The weather of today is fine and dry. '.repeat(40).split(/(?<= )/)) {
      given += word.length
      released += stream.push(word).release.length
      expect(given - released).toBeLessThanOrEqual(few.reach + word.length + 1)
    }
    expect(released).toBeGreaterThan(1000)
  })

  it('is a text without detectors at once, but for a character that marks may follow', () => {
    const stream = new StreamScanner(compileDetectors([]))
    expect(stream.push('some text').release.length).toBeGreaterThanOrEqual(4)
    expect(stream.end().findings).toEqual([])
  })
})
