import { AppError } from '@weir/errors'
import type { KnownProvider } from '../snapshot/catalog-state.js'
import { anthropic } from './anthropic.js'
import { azureOpenai } from './azure-openai.js'
import { bedrock } from './bedrock.js'
import { gemini } from './gemini.js'
import { openai } from './openai.js'
import { openaiCompatible } from './openai-compatible.js'
import { sandbox } from './sandbox/sandbox.js'
import type { ProviderType } from './provider-type.js'

const types: Readonly<Record<string, ProviderType>> = {
  openai,
  azure_openai: azureOpenai,
  openai_compatible: openaiCompatible,
  anthropic,
  gemini,
  bedrock,
  sandbox,
}

/** Throws unsupported_model for a type that only a newer gateway knows. */
export function providerTypeOf(provider: KnownProvider, model: string): ProviderType {
  const type = types[provider.type]
  if (type) return type
  const reason = `this gateway is too old for providers of the type ${provider.type}`
  throw AppError.of('unsupported_model', { model, reason }, { param: 'model' })
}
