import { asObject } from '../conversation/json.js'
import { noUsage, toCount } from '../inference/usage.js'
import { invalid, isSoldBy, operation, tokensOf } from './operation.js'

/** OpenAI's moderations: one request each, and no tokens, but where a vendor sells them by the token. */
export const moderations = operation({
  name: 'moderations',
  scope: 'moderations',
  check({ input }) {
    if (typeof input === 'string' || (Array.isArray(input) && input.length > 0)) return
    throw invalid('input', 'must be a text, or a list of texts and images')
  },
  expected(attempted) {
    const { input } = attempted.document
    if (!isSoldBy(attempted, 'input')) return { chargedRequests: 1 }
    return { inputTokens: tokensOf([typeof input === 'string' ? input : JSON.stringify(input)]) }
  },
  readUsage(reply, attempted) {
    if (!isSoldBy(attempted, 'input')) return { ...noUsage, source: 'reported', chargedRequests: 1 }
    const usage = asObject(reply['usage'])
    const inputTokens = toCount(usage?.['prompt_tokens'] ?? usage?.['total_tokens'])
    return inputTokens === undefined ? undefined : { ...noUsage, source: 'reported', inputTokens }
  },
})
