import type { Document } from '../../conversation/dialect.js'
import { asObject, asText } from '../../conversation/json.js'
import type { VendorError } from '../../conversation/reply.js'

/** OpenAI's error, as an answer with an error status has it. */
export function readError(status: number, body: unknown): VendorError {
  const document = asObject(body)
  const error = asObject(document?.['error']) ?? document
  const code = asText(error?.['code']) || asText(error?.['type']) || ''
  const message = asText(error?.['message']) ?? asText(document?.['error']) ?? asText(body) ?? ''
  return { status, code, message, cause: causeOf(code, message) }
}

function causeOf(code: string, message: string): VendorError['cause'] {
  if (
    code === 'context_length_exceeded' ||
    /exceeds the context window|maximum context length/i.test(message)
  ) {
    return 'context_window_exceeded'
  }
  return code === 'content_filter' || code === 'content_policy_violation' ? 'content_filter' : 'other'
}

const statuses: Record<string, number> = {
  rate_limit_exceeded: 429,
  context_length_exceeded: 400,
  invalid_prompt: 400,
  invalid_request_error: 400,
  insufficient_quota: 429,
}

/** What an event `error`, `response.failed` or a response that has failed says. */
export function readFailure(document: Document): VendorError {
  const response = asObject(document['response']) ?? document
  const error = asObject(response['error']) ?? document
  const read = readError(502, { error })
  return {
    ...read,
    status: statuses[read.code] ?? (read.cause === 'other' ? 502 : 400),
    message: read.message || 'The provider says that the response failed, and not why.',
  }
}

/** The codes that a failed response may have; each other one is a server_error. */
export function writeFailureCode(error: VendorError): string {
  if (error.cause === 'context_window_exceeded') return 'context_length_exceeded'
  if (error.status === 429)
    return error.code === 'insufficient_quota' ? 'insufficient_quota' : 'rate_limit_exceeded'
  return error.status === 400 ? 'invalid_prompt' : 'server_error'
}
