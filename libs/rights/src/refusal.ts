import { AppError, type ErrorCode, type ErrorParameters } from '@weir/errors'

/** Why something may not be done: a row of the error table with what its message needs. */
export interface Refusal {
  readonly code: ErrorCode
  readonly parameters: Record<string, string>
  /** The field of the request that is at fault. */
  readonly param?: string
}

/** Makes the refusal of a code. */
export function refusal<Code extends ErrorCode>(
  code: Code,
  parameters: ErrorParameters<Code>,
  param?: string,
): Refusal {
  return { code, parameters, ...(param !== undefined && { param }) }
}

/** The error that a refused caller sees. */
export function toError({ code, parameters, param }: Refusal): AppError {
  return AppError.of(code, parameters, param === undefined ? {} : { param })
}
