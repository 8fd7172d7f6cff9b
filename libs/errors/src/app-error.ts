import { type ErrorCode, type ErrorParameters, type ErrorRow, errorTable } from './table.js'

/** One mistake in the caller's input. */
export interface FieldMistake {
  /** Path of the field, as the caller wrote it: `prices.input_per_million`. */
  field: string
  /** What is wrong with it. */
  message: string
}

interface ErrorOptions {
  /** The field or parameter that is at fault, when there is one. */
  param?: string
  /** Every mistake, when there are several. */
  mistakes?: FieldMistake[]
  /** For the operator's log only; never sent to the caller. */
  internal?: string
  /** Seconds after which trying again may help; becomes `retry-after`. */
  retryAfterS?: number
  /** Sent with the reply. */
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/** OpenAI's error envelope, which is Weir's own on every route that has no other dialect. */
export interface ErrorEnvelope {
  error: { message: string; type: string; param: string | null; code: string; errors?: FieldMistake[] }
}

/**
 * An error that a caller may see. What the caller reads comes from the table; what the operator
 * needs besides stands in `internal` and `cause`.
 */
export class AppError extends Error {
  readonly row: ErrorRow

  private constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: ErrorOptions,
  ) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.row = errorTable[code]
  }

  /** Makes the error of a code, with the parameters that its message needs. */
  static of<Code extends ErrorCode>(
    code: Code,
    parameters: ErrorParameters<Code>,
    options: ErrorOptions = {},
  ): AppError {
    const values: Record<string, string> = parameters
    const message = errorTable[code].message.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
    return new AppError(code, message, options)
  }

  /** HTTP status of the reply. */
  get status(): number {
    return this.row.status
  }

  /** The reply's body in OpenAI's envelope. */
  toEnvelope(): ErrorEnvelope {
    return {
      error: {
        message: this.message,
        type: this.row.type,
        param: this.options.param ?? this.options.mistakes?.[0]?.field ?? null,
        code: this.code,
        ...(this.options.mistakes && { errors: this.options.mistakes }),
      },
    }
  }

  /** Headers that belong to the error. */
  toHeaders(): Record<string, string> {
    const headers: Record<string, string> = { ...this.options.headers }
    if (this.options.retryAfterS !== undefined) headers['retry-after'] = String(this.options.retryAfterS)
    if (this.code === 'budget_exceeded') headers['x-should-retry'] = 'false'
    return headers
  }
}

/** The error for a list of mistakes in the caller's input: the message names every field. */
export function invalidFields(mistakes: FieldMistake[]): AppError {
  const reason = mistakes.map(({ field, message }) => `${field}: ${message}`).join('; ')
  return AppError.of('invalid_request', { reason }, { mistakes })
}
