import type { RateText, ServiceTierText } from './price.entity.js'
import { multiply } from './price.dto.js'

/** Flex and batches cost half of the usual, in billionths. */
const half = 500_000_000n

/** Dollars per million fresh, cached and generated tokens (https://openai.com/api-priority-processing). */
const priority: Record<string, readonly [input: number, cached: number, output: number]> = {
  'gpt-5.4': [5, 0.5, 30],
  'gpt-5.4-mini': [1.5, 0.15, 9],
  'gpt-5.2': [3.5, 0.35, 28],
  'gpt-5.1': [2.5, 0.25, 20],
  'gpt-5.1-codex': [2.5, 0.25, 20],
  'gpt-5': [2.5, 0.25, 20],
  'gpt-5-codex': [2.5, 0.25, 20],
  'gpt-5-mini': [0.45, 0.045, 3.6],
  'gpt-4.1': [3.5, 0.875, 14],
  'gpt-4.1-mini': [0.7, 0.175, 2.8],
  'gpt-4.1-nano': [0.2, 0.05, 0.8],
  'gpt-4o': [4.25, 2.125, 17],
  'gpt-4o-mini': [0.25, 0.125, 1],
  o3: [3.5, 0.875, 14],
  'o4-mini': [2, 0.5, 8],
}

/** OpenAI's levels of service, which the public price list leaves out. */
export function openAiServiceTiers(model: string, rates: RateText[]): ServiceTierText[] {
  const tokens = rates.filter(({ unit }) => unit in tokenUnits)
  const halved = tokens.map((rate) => multiply(rate, half))
  const prior = priority[model]
  return [
    { serviceTier: 'batch', rates: halved },
    { serviceTier: 'flex', rates: halved },
    ...(prior ? [{ serviceTier: 'priority', rates: toRates(prior) }] : []),
  ]
}

const tokenUnits = { input: true, cache_read: true, cache_write: true, output: true, reasoning: true }

function toRates([input, cached, output]: readonly [number, number, number]): RateText[] {
  return Object.entries({ input, cache_read: cached, output }).map(([unit, dollars]) => ({
    unit,
    nanoUsdPerMillion: String(Math.round(dollars * 1e9)),
    aboveInputTokens: '0',
  }))
}
