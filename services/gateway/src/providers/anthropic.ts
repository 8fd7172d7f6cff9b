import type { Operation, ProviderType } from './provider-type.js'

const defaultVersion = '2023-06-01'

/** Betas of Anthropic are words with dates, `tools-2024-05-16`, separated by commas. */
const betas = /^[\w.,: -]{1,2000}$/

/** Anthropic itself, and what offers its Messages API. */
export const anthropic: ProviderType = {
  dialects: ['anthropic-messages'],
  operations: new Set<Operation>(['count_tokens']),
  pathOf: (operation) => (operation === 'count_tokens' ? '/messages/count_tokens' : '/messages'),
  checkPath: () => '/models',
  authorise({ headers }, { credential, apiVersion }, sent) {
    if (credential?.kind === 'key') headers['x-api-key'] = credential.key
    headers['anthropic-version'] = apiVersion === '' ? defaultVersion : apiVersion
    const beta = sent['anthropic-beta']
    const text = Array.isArray(beta) ? beta.join(',') : beta
    if (text !== undefined && betas.test(text)) headers['anthropic-beta'] = text
  },
}
