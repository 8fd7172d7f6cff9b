import { openaiPaths } from './openai.js'
import type { Operation, ProviderType } from './provider-type.js'

/**
 * OpenAI's models at Azure. The provider's model is the name of Azure's deployment. With an
 * `api_version` the paths are those of that version, without one those of Azure's `v1` API.
 */
export const azureOpenai: ProviderType = {
  dialects: ['openai-chat', 'openai-responses', 'openai-completions'],
  operations: new Set<Operation>(['embeddings', 'images', 'speech', 'transcriptions']),
  pathOf(operation, { apiVersion }, model) {
    const path = openaiPaths[operation] ?? ''
    if (apiVersion === '') return `/openai/v1${path}`
    const query = `?api-version=${encodeURIComponent(apiVersion)}`
    return operation === 'openai-responses'
      ? `/openai${path}${query}`
      : `/openai/deployments/${encodeURIComponent(model)}${path}${query}`
  },
  authorise({ headers }, { credential }) {
    if (credential?.kind === 'key') headers['api-key'] = credential.key
  },
}
