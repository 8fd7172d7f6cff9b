import type { AppError } from '@weir/errors'
import type { VendorError } from '../conversation/reply.js'

/** Why an attempt came to nothing, and what may be done about it while the caller has seen nothing. */
export interface AttemptFailure {
  /** What the caller is told when nothing is done. */
  readonly error: AppError
  /**
   * again: the same target may answer the next time; elsewhere: another target may;
   * nowhere: it is the request that is refused, or the gateway that stops.
   */
  readonly remedy: 'again' | 'elsewhere' | 'nowhere'
  /** The provider never saw the request: to send it again can do nothing twice. */
  readonly isUnsent: boolean
  readonly cause: VendorError['cause']
  /** How long the provider asks to be left alone. */
  readonly retryAfterMs?: number | undefined
  /** The provider's own refusal, for the caller to read as it is. */
  readonly refusal?: { readonly status: number; readonly contentType: string; readonly body: Buffer }
}

/** A failure of the target itself. */
export function failureOf(error: AppError, remedy: AttemptFailure['remedy']): AttemptFailure {
  return { error, remedy, isUnsent: false, cause: 'other' }
}
