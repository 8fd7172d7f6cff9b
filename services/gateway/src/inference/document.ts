import { AppError } from '@weir/errors'
import type { IncomingMessage } from 'node:http'

/** Digits that a double cannot hold; such a number must not be rounded on its way. */
const longNumber = /\d{16}/

/** `JSON.rawJSON` and the reviver's source text (ES2025) are not in TypeScript's library yet. */
interface JsonWithSource {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}
const json = JSON as unknown as JsonWithSource

/** Numbers keep their digits: what a double would round stays text until it is written again. */
function parseExactly(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source && longNumber.test(source)
      ? json.rawJSON(source)
      : value,
  )
}

/** Parses a request's body; throws invalid_request for what is not a JSON object. */
export function parseDocument(body: Buffer): Record<string, unknown> {
  const text = body.toString()
  let value: unknown
  try {
    value = longNumber.test(text) ? parseExactly(text) : JSON.parse(text)
  } catch (error) {
    const reason = `The body is not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`
    throw AppError.of('invalid_request', { reason })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw AppError.of('invalid_request', { reason: 'The body is not a JSON object.' })
}

/** Reads a request's whole body. Rejects with request_too_large, at once when the length says so. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => AppError.of('request_too_large', { limit: `${Math.floor(maxBytes / 1024 / 1024)} MiB` })
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
