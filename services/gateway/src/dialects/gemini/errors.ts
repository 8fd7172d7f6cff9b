import { asList, asNumber, asObject, asText } from '../../conversation/json.js'
import type { VendorError } from '../../conversation/reply.js'

const contextExceeded = /(input )?token count .*exceeds|exceeds the maximum number of (input )?tokens/i

/** Google's error; a refused stream has it in a list. */
export function readError(status: number, body: unknown): VendorError {
  const document = asObject(asList(body)[0] ?? body)
  const error = asObject(document?.['error'])
  const message = asText(error?.['message']) ?? asText(body) ?? ''
  return {
    status,
    code: asText(error?.['status']) ?? '',
    message,
    cause: contextExceeded.test(message) ? 'context_window_exceeded' : 'other',
  }
}

/** An error within a stream of status 200. */
export function readStreamError(document: Record<string, unknown>): VendorError {
  const code = asNumber(asObject(document['error'])?.['code'])
  return readError(code !== undefined && code >= 400 && code <= 599 ? code : 502, document)
}
