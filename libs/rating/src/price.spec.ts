import { describe, expect, it } from 'vitest'
import { parsePrice, priceInForce } from './price.js'

describe('priceInForce', () => {
  const prices = [
    { id: 'second', effectiveFromMs: 200 },
    { id: 'first', effectiveFromMs: 100 },
    { id: 'third', effectiveFromMs: 300 },
  ]

  it('is the one that started last, whatever their order', () => {
    expect(priceInForce(prices, 250)?.id).toBe('second')
    expect(priceInForce(prices, 10_000)?.id).toBe('third')
  })

  it('starts on its very millisecond', () => {
    expect(priceInForce(prices, 199)?.id).toBe('first')
    expect(priceInForce(prices, 200)?.id).toBe('second')
  })

  it('is none before the first has started', () => expect(priceInForce(prices, 99)).toBeUndefined())

  it('is the last listed of those that start together', () => {
    expect(priceInForce([...prices, { id: 'corrected', effectiveFromMs: 200 }], 250)?.id).toBe('corrected')
  })
})

describe('parsePrice', () => {
  const text = { id: 'price_1', effectiveFromMs: '1700000000000' }

  it('keeps every digit of a rate', () => {
    const rates = [{ unit: 'output', nanoUsdPerMillion: '18446744073709551615', aboveInputTokens: '200000' }]
    expect(parsePrice({ ...text, rates })).toEqual({
      id: 'price_1',
      effectiveFromMs: 1_700_000_000_000,
      rates: [{ unit: 'output', nanoUsdPerMillion: 18446744073709551615n, aboveInputTokens: 200_000n }],
    })
  })

  it('leaves out units that it does not know', () => {
    const rates = [{ unit: 'parsec', nanoUsdPerMillion: '1', aboveInputTokens: '0' }]
    expect(parsePrice({ ...text, rates }).rates).toEqual([])
  })

  it('keeps the levels of service that it knows', () => {
    const rates = [{ unit: 'output', nanoUsdPerMillion: '5', aboveInputTokens: '0' }]
    const serviceTiers = [
      { serviceTier: 'flex', rates },
      { serviceTier: 'overnight', rates },
    ]
    expect(parsePrice({ ...text, rates, serviceTiers }).serviceTiers).toEqual([
      { serviceTier: 'flex', rates: [{ unit: 'output', nanoUsdPerMillion: 5n, aboveInputTokens: 0n }] },
    ])
    expect(parsePrice({ ...text, rates, serviceTiers: null })).not.toHaveProperty('serviceTiers')
  })

  it('refuses a number that is none', () => {
    const rates = [{ unit: 'input', nanoUsdPerMillion: 'much', aboveInputTokens: '0' }]
    expect(() => parsePrice({ ...text, rates })).toThrow(SyntaxError)
  })
})
