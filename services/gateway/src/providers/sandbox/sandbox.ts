import type { Operation, ProviderType } from '../provider-type.js'

/** The built-in provider, in this process. */
export const sandbox: ProviderType = {
  dialects: ['openai-chat'],
  operations: new Set<Operation>([
    ...(['embeddings', 'images', 'speech', 'transcriptions', 'moderations', 'rerank'] as const),
  ]),
  pathOf: (operation) => `/${operation}`,
  authorise: () => undefined,
}
