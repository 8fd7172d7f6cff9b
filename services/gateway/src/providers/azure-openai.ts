import { openaiPaths } from './openai.js'
import type { Operation, ProviderType } from './provider-type.js'

const isUndated = (apiVersion: string): boolean => apiVersion === '' || apiVersion === 'v1'

/**
 * OpenAI's models at Azure. The provider's model is the name of Azure's deployment. With an
 * dated `api_version` the paths are those of that version, else those of Azure's `v1` API.
 */
export const azureOpenai: ProviderType = {
  dialects: ['openai-chat', 'openai-responses', 'openai-completions'],
  operations: new Set<Operation>(['embeddings', 'images', 'speech', 'transcriptions']),
  pathOf(operation, { apiVersion }, model) {
    const path = openaiPaths[operation] ?? ''
    if (isUndated(apiVersion)) return `/openai/v1${path}`
    const query = `?api-version=${encodeURIComponent(apiVersion)}`
    return operation === 'openai-responses'
      ? `/openai${path}${query}`
      : `/openai/deployments/${encodeURIComponent(model)}${path}${query}`
  },
  checkPath({ apiVersion }) {
    return isUndated(apiVersion)
      ? '/openai/v1/models'
      : `/openai/models?api-version=${encodeURIComponent(apiVersion)}`
  },
  authorise({ headers }, { credential }) {
    if (credential?.kind === 'key') headers['api-key'] = credential.key
  },
}
