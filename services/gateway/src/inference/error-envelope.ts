import type { AppError } from '@weir/errors'
import { sseEvent } from '../conversation/sse.js'

/** How the API that was called tells of an error. */
export interface ErrorEnvelope {
  /** JSON of a reply. */
  body(error: AppError, requestId: string): string
  /** The last event of a stream that has begun. @param sequence its number, where the API numbers events */
  event(error: AppError, requestId: string, sequence?: number): string
  /** Sent with every reply. */
  headers(requestId: string): Readonly<Record<string, string>>
}

const noHeaders = {}

/** `{"error":{"message","type","param","code"}}` */
export const openaiEnvelope: ErrorEnvelope = {
  body: (error) => JSON.stringify(error.toEnvelope()),
  event: (error) => sseEvent(JSON.stringify(error.toEnvelope())),
  headers: () => noHeaders,
}

/** As a stream of the Responses API ends when it fails. */
export const responsesEnvelope: ErrorEnvelope = {
  ...openaiEnvelope,
  event(error, _requestId, sequence = 0) {
    const { message, param, code } = error.toEnvelope().error
    return sseEvent(
      JSON.stringify({ type: 'error', code, message, param, sequence_number: sequence }),
      'error',
    )
  },
}

const anthropicTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

const toAnthropic = (error: AppError, requestId: string): string =>
  JSON.stringify({
    type: 'error',
    error: { type: anthropicTypes[error.status] ?? 'api_error', message: error.message, code: error.code },
    request_id: requestId,
  })

/** `{"type":"error","error":{"type","message"},"request_id"}`, with Weir's own `code` beside the type. */
export const anthropicEnvelope: ErrorEnvelope = {
  body: toAnthropic,
  event: (error, requestId) => sseEvent(toAnthropic(error, requestId), 'error'),
  // Anthropic's SDKs read it as the id of the request.
  headers: (requestId) => ({ 'request-id': requestId }),
}
