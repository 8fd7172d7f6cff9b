/** What a model of Anthropic takes: it changes with every generation, and what is not taken is refused. */
export interface ModelFeatures {
  /** temperature, top_p, top_k; `one`: not temperature and top_p together. */
  sampling: 'all' | 'one' | 'none'
  /** How it is told to think: by a budget, as it sees fit, or not at all. */
  thinking: 'none' | 'budget' | 'adaptive'
  /** It thinks unless it is told not to; `always`: it cannot be told not to. */
  thinksByDefault: boolean | 'always'
  /** Values of `output_config.effort`. */
  efforts: readonly string[]
  /** `output_config.format`. */
  structuredOutput: boolean
  /** `max_tokens`, which Anthropic asks for, where nobody says it. */
  defaultMaxTokens: number
}

const name = /claude-(?:([a-z]+)-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)/

/** Of others that offer the Messages API, nothing is known: they are asked as an Anthropic of 2025 would be. */
const ofOthers: ModelFeatures = {
  sampling: 'all',
  thinking: 'budget',
  thinksByDefault: false,
  efforts: [],
  structuredOutput: true,
  defaultMaxTokens: 8_192,
}

/** 4.5 of claude-sonnet-4-5; undefined: a model of somebody else. */
export function versionOf(model: string): number | undefined {
  const found = name.exec(model)
  if (!found) return model.includes('claude') ? Infinity : undefined
  return Number(found[2]) + Number(found[3] ?? 0) / 10
}

/** By the name that Anthropic has for the model; one without a number is as the newest. */
export function featuresOf(model: string): ModelFeatures {
  const version = versionOf(model)
  if (version === undefined) return ofOthers
  const isOpus = model.includes('opus')
  return {
    sampling: version < 4.1 ? 'all' : version < 4.7 ? 'one' : 'none',
    thinking: version < 3.7 ? 'none' : version < 4.6 ? 'budget' : 'adaptive',
    thinksByDefault: /fable|mythos/.test(model) ? 'always' : version >= 5,
    efforts: effortsOf(version, isOpus),
    structuredOutput: version >= 4.5 || (isOpus && version >= 4.1),
    defaultMaxTokens: version < 3.5 ? 4_096 : version < 3.7 ? 8_192 : 32_000,
  }
}

function effortsOf(version: number, isOpus: boolean): readonly string[] {
  if (version >= 4.7) return ['low', 'medium', 'high', 'xhigh', 'max']
  if (version >= 4.6) return ['low', 'medium', 'high', 'max']
  return isOpus && version >= 4.5 ? ['low', 'medium', 'high'] : []
}
