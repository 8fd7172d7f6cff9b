import { describe, expect, it } from 'vitest'
import {
  compileDetectors,
  detectorNames,
  detectorTable,
  mask,
  SettingsError,
  type DetectorSettings,
} from './index.js'

const wrong: readonly [unknown, string][] = [
  ['telepathy', 'Detector 1 (telepathy) is not known; there are email'],
  [{}, 'Detector 1 (no name) is not known'],
  [null, 'must be a name or an object'],
  [{ name: 'email', strict: true }, 'strict is not known here'],
  [{ name: 'words' }, 'words is required'],
  [{ name: 'words', words: [] }, 'words must be a list with at least one entry'],
  [{ name: 'words', words: [' '] }, 'not empty'],
  [{ name: 'pattern', pattern: '(' }, 'RE2 does not know'],
  [{ name: 'pattern', pattern: '(?=a)' }, 'RE2 does not know'],
  [{ name: 'pattern', pattern: '(a)\\1' }, 'RE2 does not know'],
  [{ name: 'pattern', pattern: 'a'.repeat(1001) }, 'at most 1000'],
  [{ name: 'pattern', pattern: '(a{0,100}){0,10}b' }, 'too large: it takes 2033 steps and may take 300'],
  [{ name: 'url', domains: ['http://a.example/x'] }, 'must be domains such as example.com'],
  [{ name: 'language', allowed: ['klingonese'] }, 'allowed must be one of'],
  [{ name: 'size', max_characters: 0 }, 'max_characters must be a whole number from 1'],
  [{ name: 'national_id', countries: ['XX'] }, 'countries must be one of US'],
]

describe('settings of detectors', () => {
  it.each(wrong)('refuse %j and say why', (entry, message) => {
    const compile = (): unknown => compileDetectors([entry as DetectorSettings])
    expect(compile).toThrow(SettingsError)
    expect(compile).toThrow(message)
  })

  it('say which of several is wrong', () => {
    expect(() => compileDetectors(['email', 'phone', { name: 'size' }])).toThrow('Detector 3 (size)')
  })

  it('may be no more than a few', () => {
    expect(() => compileDetectors(Array.from({ length: 51 }, () => 'email' as const))).toThrow(SettingsError)
  })

  it('are in one table with what each detector finds', () => {
    expect(Object.keys(detectorTable)).toEqual([...detectorNames])
    for (const { description } of Object.values(detectorTable)) expect(description).toMatch(/^[A-Z].*\.$/)
  })

  it('give the reach of the detector that needs most', () => {
    expect(compileDetectors([]).reach).toBe(0)
    expect(compileDetectors([{ name: 'pattern', pattern: 'a', max_length: 500 }, 'iban']).reach).toBe(500)
  })
})

describe('a mask', () => {
  it('has the name of the detector in the place of what it found', () => {
    const text = 'From ann@mail.example with card 4111 1111 1111 1111.'
    expect(mask(text, compileDetectors(['email', 'payment_card']).scan(text))).toBe(
      'From [email] with card [payment_card].',
    )
  })

  it('shows nothing of what overlaps', () => {
    const finding = { kind: '', confidence: 1 }
    const masked = mask('abcdefgh', [
      { ...finding, detector: 'email', start: 1, end: 4 },
      { ...finding, detector: 'phone', start: 3, end: 6 },
      { ...finding, detector: 'url', start: 2, end: 3 },
    ])
    expect(masked).toBe('a[email]gh')
  })
})
