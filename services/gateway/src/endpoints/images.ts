import { asList, asObject, asText } from '../conversation/json.js'
import type { Document } from '../conversation/dialect.js'
import type { AttemptedCall } from '../inference/endpoint.js'
import { noUsage, toCount, type Usage } from '../inference/usage.js'
import { invalid, isSoldBy, operation, tokensOf } from './operation.js'

/** Of a square of 1,024 pixels in medium quality, at OpenAI. */
const tokensPerImage = 1_056

/** OpenAI's images, made of a text. */
export const images = operation({
  name: 'images',
  scope: 'images',
  expected(attempted) {
    const { prompt, n } = attempted.document as { prompt?: string; n?: number }
    const isSoldByToken = isSoldBy(attempted, 'output') || isSoldBy(attempted, 'image_output')
    if (isSoldBy(attempted, 'image') || !isSoldByToken) return { images: n ?? 1 }
    return { inputTokens: tokensOf([prompt ?? '']), imageOutputTokens: tokensPerImage * (n ?? 1) }
  },
  lastEvent: /^(\{"type": ?")?image_generation\.completed/,
  check({ prompt, n }) {
    if (typeof prompt !== 'string' || prompt === '') throw invalid('prompt', 'must be a text')
    if (n !== undefined && n !== null && !(Number.isInteger(n) && (n as number) >= 1)) {
      throw invalid('n', 'must be a whole number of 1 or more')
    }
  },
  readUsage(reply, attempted) {
    const counted = readTokens(asObject(reply['usage']))
    if (counted && !isSoldBy(attempted, 'image')) return counted
    const made = countImages(reply, attempted)
    return made === 0 ? counted : { ...noUsage, source: 'reported', images: made }
  },
})

/** A stream brings one image an event. */
function countImages(reply: Document, { document }: AttemptedCall): number {
  if (reply['type'] === undefined) return asList(reply['data']).length
  return asText(reply['type'])?.endsWith('.completed') ? ((document['n'] as number | undefined) ?? 1) : 0
}

function readTokens(usage: Document | undefined): Usage | undefined {
  const input = toCount(usage?.['input_tokens'])
  const output = toCount(usage?.['output_tokens'])
  if (input === undefined || output === undefined) return undefined
  const inputs = asObject(usage?.['input_tokens_details'])
  const outputs = asObject(usage?.['output_tokens_details'])
  const imageInput = Math.min(input, toCount(inputs?.['image_tokens']) ?? 0)
  // Nearly all that comes out is the image; what is not is text that the model wrote for itself.
  const text = Math.min(output, toCount(outputs?.['text_tokens']) ?? 0)
  return {
    ...noUsage,
    source: 'reported',
    inputTokens: input - imageInput,
    outputTokens: text,
    imageOutputTokens: output - text,
    ...(imageInput > 0 && { imageInputTokens: imageInput }),
  }
}
