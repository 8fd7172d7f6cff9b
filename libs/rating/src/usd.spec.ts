import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatUsd, parseUsd } from './usd.js'

describe('money as text', () => {
  it('reads dollars exactly', () => {
    expect(parseUsd('2.50')).toBe(2_500_000_000n)
    expect(parseUsd('10')).toBe(10_000_000_000n)
    expect(parseUsd('0.000000001')).toBe(1n)
    expect(parseUsd('-0.5')).toBe(-500_000_000n)
  })

  it('writes nine places, always', () => {
    expect(formatUsd(0n)).toBe('0.000000000')
    expect(formatUsd(12_500n)).toBe('0.000012500')
    expect(formatUsd(-1n)).toBe('-0.000000001')
    expect(formatUsd(123_456_789_012n)).toBe('123.456789012')
  })

  it('gives back what it wrote, for every amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), (nano) => {
        expect(parseUsd(formatUsd(nano))).toBe(nano)
      }),
    )
  })

  it('agrees with the order of amounts', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 20n })
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(parseUsd(formatUsd(a)) + parseUsd(formatUsd(b))).toBe(parseUsd(formatUsd(a + b)))
      }),
    )
  })

  it.each([
    '',
    '.5',
    '5.',
    '1e3',
    '0x10',
    '1,5',
    ' 1',
    '1\n',
    '+1',
    'NaN',
    '0.0000000001',
    '1'.repeat(30),
    '٣',
  ])('refuses %j', (text) => expect(() => parseUsd(text)).toThrow(RangeError))
})
