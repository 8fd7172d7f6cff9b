import type { Document } from '../../conversation/dialect.js'
import { asObject, asText } from '../../conversation/json.js'
import type { VendorError } from '../../conversation/reply.js'

const contextExceeded =
  /prompt is too long|exceeds? (the )?context (limit|window)|context window|too many (total )?tokens/i
const filtered = /content filter/i

/** Anthropic's error. */
export function readError(status: number, body: unknown): VendorError {
  const error = asObject(asObject(body)?.['error'])
  const message = asText(error?.['message']) ?? asText(body) ?? ''
  const cause = contextExceeded.test(message)
    ? 'context_window_exceeded'
    : filtered.test(message)
      ? 'content_filter'
      : 'other'
  return { status, code: asText(error?.['type']) ?? '', message, cause }
}

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** An error within a stream of status 200: its type says what the status would have been. */
export function readStreamError(document: Document): VendorError {
  const type = asText(asObject(document['error'])?.['type'])
  const overloaded = type === 'overloaded_error' ? '529' : undefined
  const status = overloaded ?? Object.entries(types).find(([, name]) => name === type)?.[0]
  return readError(Number(status ?? 500), document)
}

/** An error as Anthropic words it. */
export const writeError = ({ status, message }: VendorError): Document => ({
  type: 'error',
  error: { type: types[status] ?? 'api_error', message },
})
