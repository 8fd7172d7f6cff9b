import type { Document, Naming, PassingDialect } from '../../conversation/dialect.js'
import { asObject, objectsOf } from '../../conversation/json.js'
import { estimateTokens } from '../../inference/usage.js'
import { ResponsesTap } from './responses-tap.js'
import { refuseState } from './state.js'
import { mayBeTranslated, withoutSeals } from './unsealed.js'
import { readResponseUsage } from './usage.js'

/** Types of providers that keep responses and conversations. */
const keepers = new Set(['openai', 'azure_openai'])

/** How a response passes between a caller and a provider who both speak of responses. */
export const passing: PassingDialect = {
  name: 'openai-responses',
  toUpstreamBody(document: Document, { model, providerType }: Naming) {
    if (providerType !== undefined && !keepers.has(providerType)) {
      refuseState(document, String(document['model']))
    }
    const body = JSON.stringify({ ...document, model })
    return mayBeTranslated(body) ? JSON.stringify({ ...withoutSeals(document), model }) : body
  },
  readReplyUsage: (reply) => readResponseUsage(asObject(reply) ?? {}),
  estimateReplyTokens: (reply) =>
    estimateTokens(
      objectsOf(asObject(reply)?.['output']).reduce((sum, item) => sum + generatedBytes(item), 0),
    ),
  tapStream: () => new ResponsesTap(),
}

/** Fields of an item that the model has written. */
const generated = ['text', 'refusal', 'arguments', 'input', 'code'] as const

function generatedBytes(item: Document): number {
  const own = generated.reduce((sum, field) => {
    const value = item[field]
    return sum + (typeof value === 'string' ? Buffer.byteLength(value) : 0)
  }, 0)
  const parts = [...objectsOf(item['content']), ...objectsOf(item['summary'])]
  return parts.reduce((sum, part) => sum + generatedBytes(part), own)
}
