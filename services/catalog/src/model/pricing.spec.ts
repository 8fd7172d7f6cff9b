import { describe, expect, it } from 'vitest'
import { decidePricing } from './pricing.js'

const openai = { type: 'openai', baseUrl: 'https://api.openai.com/v1' }
const elsewhere = { type: 'openai_compatible', baseUrl: 'https://llm.example.com/v1' }
const known = { provider: openai, providerModel: 'gpt-4o', isMoved: false }
const unknown = { provider: elsewhere, providerModel: 'gpt-4o', isMoved: false }
const prices = { input_per_million: '2.50', output_per_million: '10' }

const source = (wish: Parameters<typeof decidePricing>[0]) => decidePricing(wish)?.source

describe('the pricing of a new model', () => {
  it('is what it is given, else public, else refused: never silently free', () => {
    expect(source({ ...known, prices })).toBe('own')
    expect(source({ ...unknown, prices })).toBe('own')
    expect(source({ ...unknown, free: true })).toBe('free')
    expect(source(known)).toBe('public')
    expect(source({ ...known, free: false })).toBe('public')
    for (const wish of [unknown, { ...unknown, free: false }, { ...unknown, prices: null }]) {
      expect(() => decidePricing(wish)).toThrow(/prices: are required.*free/)
    }
    expect(() => decidePricing({ ...known, prices, free: true })).toThrow('prices')
  })

  it('keeps every digit', () => {
    const exact = {
      input_per_million: '0.000000001',
      output_per_million: '999999999.999999999',
      cache_read_per_million: '0',
    }
    expect(decidePricing({ ...known, prices: exact })?.terms[0]?.rates).toEqual([
      { unit: 'input', nanoUsdPerMillion: '1', aboveInputTokens: '0' },
      { unit: 'output', nanoUsdPerMillion: '999999999999999999', aboveInputTokens: '0' },
      { unit: 'cache_read', nanoUsdPerMillion: '0', aboveInputTokens: '0' },
    ])
  })

  it('takes every unit at the amount in which it is sold', () => {
    const each = { per_image: '0.04', per_minute: '0.006', per_thousand_searches: '2' }
    const terms = decidePricing({ ...unknown, prices: { ...each, per_million_characters: '15' } })?.terms[0]
    expect(terms?.rates).toEqual([
      { unit: 'image', nanoUsdPerMillion: '40000000000000', aboveInputTokens: '0' },
      { unit: 'character', nanoUsdPerMillion: '15000000000', aboveInputTokens: '0' },
      { unit: 'second', nanoUsdPerMillion: '100000000000', aboveInputTokens: '0' },
      { unit: 'search', nanoUsdPerMillion: '2000000000000', aboveInputTokens: '0' },
    ])
    expect(() => decidePricing({ ...unknown, prices: {} })).toThrow(/at least one rate/)
  })

  it('multiplies for a level of service what it is not given apart', () => {
    const service_tiers = {
      flex: { multiplier: '0.5' },
      priority: { input_per_million: '9', multiplier: '1.75' },
      fast: { output_per_million: '60' },
    }
    const terms = decidePricing({ ...unknown, prices: { ...prices, service_tiers } })?.terms[0]
    const rates = (input: string, output: string) => [
      { unit: 'input', nanoUsdPerMillion: input, aboveInputTokens: '0' },
      { unit: 'output', nanoUsdPerMillion: output, aboveInputTokens: '0' },
    ]
    expect(terms?.rates).toEqual(rates('2500000000', '10000000000'))
    expect(terms?.serviceTiers).toEqual([
      { serviceTier: 'fast', rates: rates('', '60000000000').slice(1) },
      { serviceTier: 'flex', rates: rates('1250000000', '5000000000') },
      { serviceTier: 'priority', rates: rates('9000000000', '17500000000') },
    ])
  })
})

describe('the pricing of a changed model', () => {
  it('stays when nothing was said about it', () => {
    for (const before of ['own', 'public', 'free'] as const)
      expect(source({ ...known, source: before })).toBeUndefined()
    expect(source({ ...unknown, source: 'own', isMoved: true })).toBeUndefined()
    expect(source({ ...unknown, source: 'free', isMoved: true })).toBeUndefined()
  })

  it('is looked up again when a model with public prices moves', () => {
    expect(source({ ...known, source: 'public', isMoved: true })).toBe('public')
    expect(() => decidePricing({ ...unknown, source: 'public', isMoved: true })).toThrow('prices')
  })

  it('changes with what is said', () => {
    expect(source({ ...known, source: 'public', prices })).toBe('own')
    expect(source({ ...known, source: 'own', prices: null })).toBe('public')
    expect(source({ ...known, source: 'own', free: true })).toBe('free')
    expect(source({ ...known, source: 'free', free: true })).toBeUndefined()
    expect(source({ ...known, source: 'free', free: false })).toBe('public')
    expect(source({ ...known, source: 'own', free: false })).toBeUndefined()
    expect(source({ ...unknown, source: 'free', free: false, prices })).toBe('own')
    expect(() => decidePricing({ ...unknown, source: 'free', free: false })).toThrow('prices')
  })
})
