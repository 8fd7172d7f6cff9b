import type { Operation, ProviderType } from '../provider-type.js'

/** The built-in provider, in this process. */
export const sandbox: ProviderType = {
  dialects: ['openai-chat'],
  operations: new Set<Operation>(),
  pathOf: (operation) => `/${operation}`,
  authorise: () => undefined,
}
