/** Kinds of vendors that the gateway can call. */
export const providerTypes = ['openai', 'openai_compatible', 'sandbox'] as const

export type ProviderType = (typeof providerTypes)[number]

/** Kinds that are announced and not built yet; naming them gets a message of its own. */
export const futureProviderTypes = ['anthropic', 'gemini', 'azure_openai'] as const

/** Where OpenAI's own API is. */
export const openAiBaseUrl = 'https://api.openai.com/v1'
