import { trace } from '@opentelemetry/api'
import type { LoggerService } from '@nestjs/common'
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { LogOutput } from './log-output.js'

export type { Logger } from 'pino'

let stdout: LogOutput | undefined

/** Field names whose values never reach a log, at the depths in which objects are logged. */
const secretFields = [
  'authorization',
  'x-api-key',
  'api_key',
  'apiKey',
  'key',
  'password',
  'secret',
  'credential',
]

/** How many causes of causes are logged. */
const maxCauses = 5

/**
 * An error as it is logged. Only these fields: what a driver hangs on its errors besides (the
 * statement's parameters, the row at fault) may hold secrets.
 */
export function serializeError(error: unknown, depth = 0): object | string {
  if (!(error instanceof Error))
    return typeof error === 'string' ? error : 'Something that is no error was thrown.'
  const { name, message, stack, cause } = error
  const { code, constraint, internal } = error as { code?: unknown; constraint?: unknown; internal?: unknown }
  return {
    type: name,
    message,
    ...(isShort(code) && { code }),
    ...(isShort(constraint) && { constraint }),
    ...(isShort(internal) && { internal }),
    ...(depth === 0 && { stack }),
    ...(cause !== undefined && depth < maxCauses && { cause: serializeError(cause, depth + 1) }),
  }
}

function isShort(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= 500)
}

/**
 * The process's logger: one JSON object a line on stdout, with `service`, and the ids of the
 * current trace. Values of secret fields are replaced.
 */
export function createLogger(options: {
  service: string
  level: string
  /** Absent: stdout. */
  destination?: DestinationStream
}): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => serializeError(error) },
    redact: {
      paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: '(hidden)',
    },
    mixin: () => {
      const context = trace.getActiveSpan()?.spanContext()
      return context ? { trace_id: context.traceId, span_id: context.spanId } : {}
    },
  }
  return pino(settings, options.destination ?? (stdout ??= new LogOutput(1)))
}

/** Nest's own messages in the process's log: its chatter of starting up is debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, String(message))
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error({ context: rest.at(-1), stack: rest.length > 1 ? rest[0] : undefined }, String(message))
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: rest.at(-1) }, String(message))
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, String(message))
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ context: rest.at(-1) }, String(message))
  }
}
