import type { Document } from '../../conversation/dialect.js'
import { asObject, asText } from '../../conversation/json.js'
import type { VendorError } from '../../conversation/reply.js'

const contextExceeded =
  /input is too long|too many (input )?tokens|maximum (context|number of tokens)|context (window|length)|prompt is too long/i

/** An answer with an error status: Bedrock names the exception in a header, or in `__type`. */
export function readError(status: number, body: unknown): VendorError {
  const document = asObject(body)
  const message = asText(document?.['message']) ?? asText(document?.['Message']) ?? asText(body) ?? ''
  const type = asText(document?.['__type']) ?? asText(document?.['code']) ?? ''
  return {
    status,
    code: type.split('#').at(-1) ?? '',
    message,
    cause: contextExceeded.test(message) ? 'context_window_exceeded' : 'other',
  }
}

const statuses: Readonly<Record<string, number>> = {
  internalserverexception: 500,
  modelstreamerrorexception: 424,
  modeltimeoutexception: 408,
  serviceunavailableexception: 503,
  throttlingexception: 429,
  validationexception: 400,
  accessdeniedexception: 403,
  resourcenotfoundexception: 404,
  servicequotaexceededexception: 400,
}

/** An exception in a stream. */
export function readException(name: string, payload: Document): VendorError {
  const error = readError(statuses[name.toLowerCase()] ?? 502, payload)
  return { ...error, code: name, message: error.message || `The stream ended with ${name}.` }
}
