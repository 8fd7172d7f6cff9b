import type { Document } from '../../conversation/dialect.js'
import { asObject, asText } from '../../conversation/json.js'

/** UTF-8 bytes in a token, at the least that is common in prose, code and JSON: the count errs upwards. */
const bytesPerToken = 3
/** Anthropic counts at most that many for an image. */
const imageTokens = 1_600

/**
 * What `/v1/messages/count_tokens` answers where the provider has no such thing: an estimate from the
 * bytes of all that the model reads. It is rather too high than too low, since clients ask in order to
 * stay below a limit.
 */
export function estimateInputTokens(document: Document): { input_tokens: number } {
  const counted = { system: document['system'], messages: document['messages'], tools: document['tools'] }
  const sum = { bytes: 0, media: 0 }
  add(counted, sum)
  return { input_tokens: Math.ceil(sum.bytes / bytesPerToken) + sum.media }
}

/** Each value in a document costs its bytes, and its name. */
function add(value: unknown, sum: { bytes: number; media: number }): void {
  if (typeof value === 'string') {
    sum.bytes += Buffer.byteLength(value)
  } else if (Array.isArray(value)) {
    for (const item of value) add(item, sum)
  } else {
    const found = asObject(value)
    if (!found) {
      sum.bytes += value === undefined || value === null ? 0 : JSON.stringify(value).length
      return
    }
    if (found['type'] === 'image') {
      sum.media += imageTokens
      return
    }
    const data = found['type'] === 'base64' ? asText(found['data']) : undefined
    if (data !== undefined) {
      // A page of a document is some 100 kB and some 3,000 tokens; one that is all text is smaller.
      sum.media += Math.ceil((data.length * 3) / 4 / 30)
      return
    }
    for (const [name, field] of Object.entries(found)) {
      sum.bytes += name.length
      add(field, sum)
    }
  }
}
