import type { UsageCounts } from './usage.js'

/** A bucket of usage: what its units are called, and what they cost where nothing is said of them. */
interface UnitDeclaration {
  /** What a rate names. */
  unit: string
  bucket: Exclude<keyof UsageCounts, 'serviceTier'>
  /** The bucket's name on the API, on the topics and in tables. */
  field: string
  /** Tokens that go in, and so decide the tier; tokens that come out; anything else. */
  side: 'input' | 'output' | 'other'
  /** Units whose rate it has when it has none of its own: the first that has one. */
  fallbacks: readonly string[]
}

/**
 * Every unit, and the bucket that counts it. The one list: rates, sums, columns, reports and their
 * documentation go by it, so that no two of them can leave out different things.
 */
export const usageUnitTable = [
  { unit: 'input', bucket: 'inputTokens', field: 'input_tokens', side: 'input', fallbacks: [] },
  {
    unit: 'cache_read',
    bucket: 'cachedInputTokens',
    field: 'cached_input_tokens',
    side: 'input',
    fallbacks: ['input'],
  },
  {
    unit: 'cache_write',
    bucket: 'cacheWriteTokens',
    field: 'cache_write_tokens',
    side: 'input',
    fallbacks: ['input'],
  },
  { unit: 'output', bucket: 'outputTokens', field: 'output_tokens', side: 'output', fallbacks: [] },
  {
    unit: 'reasoning',
    bucket: 'reasoningTokens',
    field: 'reasoning_tokens',
    side: 'output',
    fallbacks: ['output'],
  },
  {
    unit: 'cache_write_1h',
    bucket: 'cacheWrite1hTokens',
    field: 'cache_write_1h_tokens',
    side: 'input',
    fallbacks: ['cache_write', 'input'],
  },
  {
    unit: 'audio_input',
    bucket: 'audioInputTokens',
    field: 'audio_input_tokens',
    side: 'input',
    fallbacks: ['input'],
  },
  {
    unit: 'audio_cache_read',
    bucket: 'cachedAudioInputTokens',
    field: 'cached_audio_input_tokens',
    side: 'input',
    // Rather too dear than too cheap: where sound has a price, cached text's is not its own.
    fallbacks: ['audio_input', 'cache_read', 'input'],
  },
  {
    unit: 'audio_output',
    bucket: 'audioOutputTokens',
    field: 'audio_output_tokens',
    side: 'output',
    fallbacks: ['output'],
  },
  {
    unit: 'image_input',
    bucket: 'imageInputTokens',
    field: 'image_input_tokens',
    side: 'input',
    fallbacks: ['input'],
  },
  {
    unit: 'image_cache_read',
    bucket: 'cachedImageInputTokens',
    field: 'cached_image_input_tokens',
    side: 'input',
    fallbacks: ['image_input', 'cache_read', 'input'],
  },
  {
    unit: 'image_output',
    bucket: 'imageOutputTokens',
    field: 'image_output_tokens',
    side: 'output',
    fallbacks: ['output'],
  },
  {
    unit: 'video_input',
    bucket: 'videoInputTokens',
    field: 'video_input_tokens',
    side: 'input',
    fallbacks: ['input'],
  },
  {
    unit: 'video_output',
    bucket: 'videoOutputTokens',
    field: 'video_output_tokens',
    side: 'output',
    fallbacks: ['output'],
  },
  {
    unit: 'citation',
    bucket: 'citationTokens',
    field: 'citation_tokens',
    side: 'output',
    fallbacks: ['output'],
  },
  { unit: 'image', bucket: 'images', field: 'images', side: 'other', fallbacks: [] },
  { unit: 'character', bucket: 'characters', field: 'characters', side: 'other', fallbacks: [] },
  { unit: 'second', bucket: 'audioSeconds', field: 'audio_seconds', side: 'other', fallbacks: [] },
  { unit: 'search', bucket: 'searches', field: 'searches', side: 'other', fallbacks: [] },
  { unit: 'web_search', bucket: 'webSearches', field: 'web_searches', side: 'other', fallbacks: [] },
  { unit: 'file_search', bucket: 'fileSearches', field: 'file_searches', side: 'other', fallbacks: [] },
  { unit: 'request', bucket: 'chargedRequests', field: 'charged_requests', side: 'other', fallbacks: [] },
] as const satisfies readonly UnitDeclaration[]

/** What a rate is for. The units are disjoint: nothing is counted in two of them. */
export type UsageUnit = (typeof usageUnitTable)[number]['unit']

/** A bucket of usage. */
export type UsageBucket = (typeof usageUnitTable)[number]['bucket']

/** A bucket's name on the API, on the topics and in tables. */
export type UsageField = (typeof usageUnitTable)[number]['field']

/** What a rate is for. */
export const usageUnits: readonly UsageUnit[] = usageUnitTable.map(({ unit }) => unit)

/** Units of the tokens that go in. */
export const inputUnits: readonly UsageUnit[] = unitsOf('input')

/** Units of the tokens that come out. */
export const outputUnits: readonly UsageUnit[] = unitsOf('output')

function unitsOf(side: UnitDeclaration['side']): UsageUnit[] {
  return usageUnitTable.filter((row) => row.side === side).map(({ unit }) => unit)
}

const fallbacks = new Map<UsageUnit, readonly UsageUnit[]>(
  usageUnitTable.map(({ unit, fallbacks }) => [unit, fallbacks]),
)

/** A unit without a rate of its own costs what the first of these does that has one. */
export const fallbacksOf = (unit: UsageUnit): readonly UsageUnit[] => fallbacks.get(unit) ?? []
