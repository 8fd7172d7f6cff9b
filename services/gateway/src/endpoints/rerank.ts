import type { Document } from '../conversation/dialect.js'
import { asList, asObject } from '../conversation/json.js'
import type { AttemptedCall } from '../inference/endpoint.js'
import { noUsage, toCount } from '../inference/usage.js'
import { invalid, isSoldBy, operation, tokensOf } from './operation.js'

/** So many documents are one search, at those who sell searches. */
const documentsPerSearch = 100

/** Documents in the order of what they have to do with a question, as Cohere, Jina, Voyage and vLLM have it. */
export const rerank = operation({
  name: 'rerank',
  scope: 'rerank',
  check({ query, documents }) {
    if (typeof query !== 'string' || query === '') throw invalid('query', 'must be a text')
    if (!Array.isArray(documents) || documents.length === 0) {
      throw invalid('documents', 'must be a list of at least one document')
    }
  },
  expected(attempted) {
    const { query, documents } = attempted.document
    if (isSoldBy(attempted, 'search') || !isSoldBy(attempted, 'input')) {
      return { searches: countSearches(attempted) }
    }
    return { inputTokens: tokensOf([String(query), JSON.stringify(documents)]) }
  },
  readUsage(reply, attempted) {
    const tokens = readTokens(reply)
    const searches = toCount(asObject(asObject(reply['meta'])?.['billed_units'])?.['search_units'])
    const isSoldBySearch = isSoldBy(attempted, 'search')
    if (isSoldBySearch || (searches !== undefined && !isSoldBy(attempted, 'input'))) {
      const source = searches === undefined ? 'estimated' : 'reported'
      return { ...noUsage, source, searches: searches ?? countSearches(attempted) }
    }
    return tokens === undefined ? undefined : { ...noUsage, source: 'reported', inputTokens: tokens }
  },
})

const countSearches = ({ document }: AttemptedCall): number =>
  Math.ceil(asList(document['documents']).length / documentsPerSearch)

function readTokens(reply: Document): number | undefined {
  const usage = asObject(reply['usage'])
  const meta = asObject(reply['meta'])
  return (
    toCount(usage?.['total_tokens'] ?? usage?.['prompt_tokens']) ??
    toCount(asObject(meta?.['billed_units'])?.['input_tokens']) ??
    toCount(asObject(meta?.['tokens'])?.['input_tokens'])
  )
}
