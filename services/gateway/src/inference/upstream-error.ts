import { AppError } from '@weir/errors'
import type { UpstreamFailure } from '../upstream/upstream.js'

/** What an upstream's answer means for the caller. */
export type UpstreamVerdict =
  | { kind: 'error'; error: AppError }
  /** The upstream refuses the request itself: its own words help the caller most. */
  | { kind: 'pass' }

/** Seconds from a `retry-after` header, when it is a sane number. */
function retryAfterS(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined
  return seconds
}

/**
 * Judges an upstream's status of 400 or more. A refused credential is the operator's matter, not
 * the caller's, and its text may quote the credential: it is never passed on.
 */
export function judgeStatus(options: {
  status: number
  retryAfter: string | string[] | undefined
  provider: string
  providerModel: string
  model: string
  /** The answer's body has Weir's credential in it. */
  quotesCredential?: boolean
}): UpstreamVerdict {
  const { status, provider, providerModel, model } = options
  const retry = retryAfterS(options.retryAfter)
  const retryOptions = retry === undefined ? {} : { retryAfterS: retry }
  if (status === 401 || status === 403) {
    const reason = `it refused Weir’s credential (status ${status}). An administrator must set a valid api_key with PATCH /v1/providers/${provider}.`
    return { kind: 'error', error: AppError.of('provider_error', { provider, reason }) }
  }
  if (status === 404) {
    const reason = `the provider \`${provider}\` does not offer it as \`${providerModel}\` on this endpoint (status 404)`
    return { kind: 'error', error: AppError.of('unsupported_model', { model, reason }, { param: 'model' }) }
  }
  if (status === 408 || status === 504) {
    return {
      kind: 'error',
      error: AppError.of('provider_timeout', { provider, reason: `it gave up with status ${status}.` }),
    }
  }
  if (status === 429) {
    const reason = `The provider \`${provider}\` is limiting Weir’s rate now. Try again later${retry === undefined ? '' : `, in ${retry} s`}.`
    return {
      kind: 'error',
      error: AppError.of('rate_limit_exceeded', { reason }, { retryAfterS: retry ?? 1 }),
    }
  }
  if (status >= 500 || status < 400) {
    return {
      kind: 'error',
      error: AppError.of(
        'provider_error',
        { provider, reason: `it answered with status ${status}.` },
        retryOptions,
      ),
    }
  }
  if (options.quotesCredential) {
    const reason = `it refused the request (status ${status}), in words that quote Weir’s credential and are not passed on.`
    return { kind: 'error', error: AppError.of('provider_error', { provider, reason }) }
  }
  return { kind: 'pass' }
}

/** The error of a call that failed below HTTP. */
export function toAppError(failure: UpstreamFailure, provider: string): AppError {
  const code = failure.kind === 'timeout' ? 'provider_timeout' : 'provider_error'
  return AppError.of(code, { provider, reason: failure.message }, { cause: failure })
}
