import { AppError } from '@weir/errors'
import type { IncomingMessage } from 'node:http'
import { parseJson } from '../conversation/json.js'

/** Far deeper than anything that is meant; at some thousands, writing a document again exhausts the stack. */
const maxDepth = 512

/** Parsing some millions of values holds the event loop, and so every other request, for seconds. */
const maxValues = 500_000

/** Parses a request's body; throws invalid_request for what is not a JSON object. */
export function parseDocument(body: Buffer): Record<string, unknown> {
  const text = body.toString()
  refuseExhausting(text)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    const reason = `The body is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`
    throw AppError.of('invalid_request', { reason })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw AppError.of('invalid_request', { reason: 'The body is not a JSON object.' })
}

/** Throws invalid_request for a body that would take too much to parse or to write. */
function refuseExhausting(text: string): void {
  // Each level takes a character where it begins and, in what can be parsed, one where it ends.
  if (text.length <= 2 * maxDepth) return
  const refuse = (reason: string) => AppError.of('invalid_request', { reason })
  let depth = 0
  let values = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at)
        break
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > maxDepth) throw refuse(`The body is nested deeper than ${maxDepth} levels.`)
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
      case 0x2c: // ,
        if (++values > maxValues) throw refuse(`The body has more than ${maxValues} values.`)
    }
  }
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++
    if (escapes % 2 === 0) return end
  }
  return text.length
}

/** Reads a request's whole body. Rejects with request_too_large, at once when the length says so. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    AppError.of('request_too_large', { limit: `${Math.floor(maxBytes / 1024 / 1024)} MiB` })
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        request.removeAllListeners('data')
        request.pause()
        reject(tooLarge())
      } else {
        chunks.push(chunk)
      }
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => {
      if (!request.complete) reject(new Error('The caller left before its request was whole.'))
    })
  })
}
