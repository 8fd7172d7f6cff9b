import type { Operation, ProviderType } from './provider-type.js'

/** Google's Gemini API. */
export const gemini: ProviderType = {
  dialects: ['gemini'],
  operations: new Set<Operation>(),
  pathOf: (_operation, _provider, model, streams) =>
    `/models/${encodeURIComponent(model)}:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  checkPath: () => '/models',
  authorise({ headers }, { credential }) {
    if (credential?.kind === 'key') headers['x-goog-api-key'] = credential.key
  },
}
