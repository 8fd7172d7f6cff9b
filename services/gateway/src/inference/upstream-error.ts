import { AppError } from '@weir/errors'
import type { UpstreamFailure } from '../upstream/upstream.js'
import type { Refused } from './endpoint.js'
import { type AttemptFailure, failureOf } from './failure.js'

/** An upstream's answer with an error status. */
export interface RefusedAnswer {
  status: number
  retryAfter: string | string[] | undefined
  /** OpenAI's, in milliseconds. */
  retryAfterMs?: string | string[] | undefined
  contentType: string
  body: Buffer
  /** What the body says; undefined: it was not read. */
  refused?: Refused | undefined
  provider: string
  providerModel: string
  model: string
  /** The answer's body has Weir's credential in it. */
  quotesCredential?: boolean
}

/** A day: what asks for longer is no sane number. */
const longestRetryAfterMs = 86_400_000

/** How long the provider asks to be left alone, when that is a sane number or a date; milliseconds. */
function retryAfterMsOf({ retryAfter, retryAfterMs }: RefusedAnswer): number | undefined {
  return toWaitMs(retryAfterMs, 1) ?? toWaitMs(retryAfter, 1_000) ?? untilDate(retryAfter)
}

function toWaitMs(header: string | string[] | undefined, unitMs: number): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,9}(\.\d{1,9})?$/.test(header)) return undefined
  return saneWait(Number(header) * unitMs)
}

function untilDate(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(header)) return undefined
  return saneWait(Date.parse(header) - Date.now())
}

const saneWait = (ms: number): number | undefined =>
  ms >= 0 && ms <= longestRetryAfterMs ? Math.ceil(ms) : undefined

/** What the caller is told, and where the request may go instead. */
type Judgement = [error: AppError, remedy: AttemptFailure['remedy']]

/**
 * Judges an upstream's status that is not 200. A refused credential is the operator's matter, not
 * the caller's, and its text may quote the credential: it is never passed on.
 */
export function judgeAnswer(answer: RefusedAnswer): AttemptFailure {
  const retryAfterMs = retryAfterMsOf(answer)
  const retryS = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1_000)
  const cause = answer.refused?.error.cause ?? 'other'
  const [error, remedy] = judgeStatus(answer, retryS) ?? judgeRefusal(answer, cause)
  const failure: AttemptFailure = { error, remedy, isUnsent: false, cause, retryAfterMs }
  // The upstream refuses the request itself: its own words help the caller most.
  const isPassed = error.code === 'invalid_request' && answer.refused?.isOwnDialect !== false
  const { status, contentType, body } = answer
  return isPassed ? { ...failure, refusal: { status, contentType, body } } : failure
}

/** Undefined when the upstream refuses the request itself. */
function judgeStatus(answer: RefusedAnswer, retryS: number | undefined): Judgement | undefined {
  const { status, provider, providerModel, model } = answer
  const providerError = (reason: string, options = {}) =>
    AppError.of('provider_error', { provider, reason }, options)
  if (status === 401 || status === 403) {
    const reason = `it refused Weir’s credential (status ${status}). An administrator must set a valid api_key with PATCH /v1/providers/${provider}.`
    return [providerError(reason), 'elsewhere']
  }
  if (status === 404) {
    const reason = `the provider \`${provider}\` does not offer it as \`${providerModel}\` on this endpoint (status 404)`
    return [AppError.of('unsupported_model', { model, reason }, { param: 'model' }), 'elsewhere']
  }
  if (status === 408 || status === 504) {
    const reason = `it gave up with status ${status}.`
    return [AppError.of('provider_timeout', { provider, reason }), 'again']
  }
  if (status === 429) {
    const reason = `The provider \`${provider}\` is limiting Weir’s rate now. Try again later${retryS === undefined ? '' : `, in ${retryS} s`}.`
    return [AppError.of('rate_limit_exceeded', { reason }, { retryAfterS: retryS ?? 1 }), 'again']
  }
  if (status >= 500 || status < 400) {
    const options = retryS === undefined ? {} : { retryAfterS: retryS }
    return [
      providerError(`it answered with status ${status}.`, options),
      status >= 500 ? 'again' : 'elsewhere',
    ]
  }
  if (answer.quotesCredential) {
    const reason = `it refused the request (status ${status}), in words that quote Weir’s credential and are not passed on.`
    return [providerError(reason), 'nowhere']
  }
  return undefined
}

function judgeRefusal({ status, refused, provider }: RefusedAnswer, cause: string): Judgement {
  const words = refused?.error.message ?? ''
  const reason = `The provider \`${provider}\` refused the request (status ${status})${words === '' ? '.' : `: ${words}`}`
  // Another model may have a larger window, or other scruples.
  return [AppError.of('invalid_request', { reason }), cause === 'other' ? 'nowhere' : 'elsewhere']
}

/** A call that failed below HTTP. */
export function judgeFailure(failure: UpstreamFailure, provider: string): AttemptFailure {
  const code = failure.kind === 'timeout' ? 'provider_timeout' : 'provider_error'
  const error = AppError.of(code, { provider, reason: failure.message }, { cause: failure })
  const judged = failureOf(error, failure.kind === 'forbidden_address' ? 'elsewhere' : 'again')
  return failure.kind === 'unreachable' ? { ...judged, isUnsent: true } : judged
}
