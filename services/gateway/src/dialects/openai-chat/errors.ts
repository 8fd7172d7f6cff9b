import type { Document } from '../../conversation/dialect.js'
import { asList, asNumber, asObject, asText } from '../../conversation/json.js'
import type { VendorError } from '../../conversation/reply.js'

const contextExceeded =
  /context[ _]length|context window|maximum context|prompt is too long|input is too long|too many tokens|exceeds? the (model's )?max(imum)? (input )?(length|tokens)/i
const filtered = /content[ _]?(filter|policy|management)|ResponsibleAIPolicyViolation|moderation_blocked/i

/** OpenAI's error, or what its imitators make of it: in a list, without the envelope, or plain text. */
export function readError(status: number, body: unknown): VendorError {
  const document = asObject(asList(body)[0] ?? body)
  const error = asObject(document?.['error']) ?? document
  const message =
    asText(error?.['message']) ??
    asText(document?.['error']) ??
    asText(document?.['detail']) ??
    asText(body) ??
    ''
  const inner = asText(asObject(error?.['innererror'])?.['code']) ?? ''
  const code = asText(error?.['code']) ?? asText(error?.['type']) ?? ''
  return { status, code, message, cause: causeOf(`${code} ${inner}`, message) }
}

function causeOf(code: string, message: string): VendorError['cause'] {
  if (contextExceeded.test(code) || contextExceeded.test(message)) return 'context_window_exceeded'
  return filtered.test(code) ? 'content_filter' : 'other'
}

/** An error within a stream of status 200. */
export function readStreamError(document: Document): VendorError {
  const error = asObject(document['error'])
  const told = [error?.['status_code'], error?.['status'], error?.['code'], document['status_code']]
  const status = told.map(asNumber).find((code) => code !== undefined && code >= 400 && code <= 599)
  return readError(status ?? 502, document)
}

/** `type` of an error, by the status that it has or would have had. */
const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

/** An error as OpenAI words it. */
export const writeError = ({ status, code, message }: VendorError): Document => ({
  error: { message, type: types[status] ?? 'server_error', param: null, code: code === '' ? null : code },
})
