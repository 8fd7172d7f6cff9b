import { AppError } from '@weir/errors'

/** The refusal of a request's field: `reason` goes on from its name. */
export function invalid(param: string, reason: string): AppError {
  return AppError.of('invalid_request', { reason: `\`${param}\` ${reason}.` }, { param })
}
