import { bearer, openaiPaths } from './openai.js'
import type { Operation, ProviderType } from './provider-type.js'

/** Whatever speaks OpenAI's Chat Completions: vLLM, Ollama, Groq, on-premises servers. */
export const openaiCompatible: ProviderType = {
  dialects: ['openai-chat', 'openai-completions'],
  operations: new Set<Operation>([
    ...(['embeddings', 'images', 'speech', 'transcriptions', 'moderations', 'rerank'] as const),
  ]),
  pathOf: (operation) => openaiPaths[operation] ?? '',
  checkPath: () => '/models',
  authorise: bearer,
}
