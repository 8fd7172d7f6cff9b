/** Kinds of vendors. */
export const providerTypes = [
  'openai',
  'azure_openai',
  'openai_compatible',
  'anthropic',
  'gemini',
  'bedrock',
  'sandbox',
] as const

export type ProviderType = (typeof providerTypes)[number]

/** What a type of provider has besides a name and a credential. */
interface TypeSettings {
  /** Where its API is unless said otherwise; absent: it must be said, or there is none. */
  defaultBaseUrl?: (region: string) => string
  /** Ends a base URL without a path, as people write it who have the vendor's SDK in mind. */
  versionPath?: string
  /** The version of its API unless said otherwise; absent: it has none. */
  defaultApiVersion?: string
  /** It is in a region, which must be said. */
  hasRegion?: boolean
}

/** The `api_version` of Azure's API that has no dates. */
export const azureV1 = 'v1'

/** Where OpenAI's own API is. */
export const openAiBaseUrl = 'https://api.openai.com/v1'

export const typeSettings: Readonly<Record<ProviderType, TypeSettings>> = {
  openai: { defaultBaseUrl: () => openAiBaseUrl },
  azure_openai: { defaultApiVersion: '2024-10-21' },
  openai_compatible: {},
  anthropic: {
    defaultBaseUrl: () => 'https://api.anthropic.com/v1',
    versionPath: '/v1',
    defaultApiVersion: '2023-06-01',
  },
  gemini: {
    defaultBaseUrl: () => 'https://generativelanguage.googleapis.com/v1beta',
    versionPath: '/v1beta',
  },
  bedrock: {
    defaultBaseUrl: (region) => `https://bedrock-runtime.${region}.amazonaws.com`,
    hasRegion: true,
  },
  sandbox: {},
}
