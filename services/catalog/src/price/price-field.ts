import type { UsageUnit } from '@weir/rating'

/** A key of `prices`: which unit it prices, and how many of them its dollars buy. */
interface PriceFieldDeclaration {
  field: string
  unit: UsageUnit
  per: bigint
  /** What the dollars are for. */
  what: string
  /** What holds when it is left out. */
  leftOut?: string
  example?: string
}

const million = 1_000_000n

/** All that a price can say, in the order in which it is shown. */
export const priceFields = [
  {
    field: 'input_per_million',
    unit: 'input',
    per: million,
    what: 'per million fresh input tokens',
    example: '2.50',
  },
  {
    field: 'output_per_million',
    unit: 'output',
    per: million,
    what: 'per million output tokens',
    example: '10',
  },
  {
    field: 'cache_read_per_million',
    unit: 'cache_read',
    per: million,
    what: "per million input tokens that the provider's cache has",
    leftOut: 'as fresh ones',
    example: '1.25',
  },
  {
    field: 'cache_write_per_million',
    unit: 'cache_write',
    per: million,
    what: "per million input tokens that are written to the provider's cache, for 5 minutes where it has several lifetimes",
    leftOut: 'as fresh ones',
    example: '3.125',
  },
  {
    field: 'cache_write_1h_per_million',
    unit: 'cache_write_1h',
    per: million,
    what: "per million input tokens that are written to the provider's cache for an hour",
    leftOut: 'as for 5 minutes',
    example: '5',
  },
  {
    field: 'reasoning_per_million',
    unit: 'reasoning',
    per: million,
    what: 'per million output tokens that are spent on reasoning',
    leftOut: 'as other output',
    example: '10',
  },
  {
    field: 'audio_input_per_million',
    unit: 'audio_input',
    per: million,
    what: 'per million fresh input tokens that are sound',
    leftOut: 'as text',
  },
  {
    field: 'audio_cache_read_per_million',
    unit: 'audio_cache_read',
    per: million,
    what: "per million input tokens that are sound and that the provider's cache has",
    leftOut: 'as fresh sound',
  },
  {
    field: 'audio_output_per_million',
    unit: 'audio_output',
    per: million,
    what: 'per million output tokens that are sound',
    leftOut: 'as other output',
  },
  {
    field: 'image_input_per_million',
    unit: 'image_input',
    per: million,
    what: 'per million fresh input tokens that are images',
    leftOut: 'as text',
  },
  {
    field: 'image_cache_read_per_million',
    unit: 'image_cache_read',
    per: million,
    what: "per million input tokens that are images and that the provider's cache has",
    leftOut: 'as fresh images',
  },
  {
    field: 'image_output_per_million',
    unit: 'image_output',
    per: million,
    what: 'per million output tokens that are images',
    leftOut: 'as other output',
  },
  {
    field: 'video_input_per_million',
    unit: 'video_input',
    per: million,
    what: 'per million input tokens that are video',
    leftOut: 'as text',
  },
  {
    field: 'video_output_per_million',
    unit: 'video_output',
    per: million,
    what: 'per million output tokens that are video',
    leftOut: 'as other output',
  },
  {
    field: 'citation_per_million',
    unit: 'citation',
    per: million,
    what: 'per million tokens of citations',
    leftOut: 'as output',
  },
  {
    field: 'per_image',
    unit: 'image',
    per: 1n,
    what: 'per image made, where the provider counts no tokens for it',
    example: '0.04',
  },
  {
    field: 'per_million_characters',
    unit: 'character',
    per: million,
    what: 'per million characters spoken',
    example: '15',
  },
  {
    field: 'per_minute',
    unit: 'second',
    per: 60n,
    what: 'per minute of sound transcribed, charged by the second',
    example: '0.006',
  },
  {
    field: 'per_thousand_searches',
    unit: 'search',
    per: 1_000n,
    what: 'per thousand searches of a rerank',
    example: '2',
  },
  {
    field: 'per_thousand_web_searches',
    unit: 'web_search',
    per: 1_000n,
    what: 'per thousand searches of the web that the provider makes for its answers',
    example: '10',
  },
  {
    field: 'per_thousand_file_searches',
    unit: 'file_search',
    per: 1_000n,
    what: 'per thousand searches of files kept at the provider that it makes for its answers',
    example: '2.50',
  },
  {
    field: 'per_thousand_requests',
    unit: 'request',
    per: 1_000n,
    what: 'per thousand requests, besides what they use',
    leftOut: 'nothing',
    example: '5',
  },
] as const satisfies readonly PriceFieldDeclaration[]

/** A key of `prices`. */
export type PriceField = (typeof priceFields)[number]['field']

/** Nano-dollars of some units as those of a million, to the nearest. */
export function toRate(nanoUsd: bigint, per: bigint): bigint {
  return (nanoUsd * million + per / 2n) / per
}

/** The other way. Exact for every amount that was turned into a rate. */
export function fromRate(nanoUsdPerMillion: bigint, per: bigint): bigint {
  return (nanoUsdPerMillion * per + million / 2n) / million
}
