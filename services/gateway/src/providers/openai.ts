import type { KnownProvider } from '../snapshot/catalog-state.js'
import type { Operation, ProviderType, UnauthorisedCall } from './provider-type.js'

/** Where OpenAI has what, below `/v1`; its imitators too. */
export const openaiPaths: Partial<Record<Operation, string>> = {
  'openai-chat': '/chat/completions',
  'openai-completions': '/completions',
  'openai-responses': '/responses',
  embeddings: '/embeddings',
  images: '/images/generations',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
  moderations: '/moderations',
  rerank: '/rerank',
}

export function bearer({ headers }: UnauthorisedCall, provider: KnownProvider): void {
  if (provider.authorization !== undefined) headers['authorization'] = provider.authorization
}

/** OpenAI itself. */
export const openai: ProviderType = {
  dialects: ['openai-chat', 'openai-responses', 'openai-completions'],
  operations: new Set<Operation>(['embeddings', 'images', 'speech', 'transcriptions', 'moderations']),
  pathOf: (operation) => openaiPaths[operation] ?? '',
  checkPath: () => '/models',
  authorise: bearer,
}
