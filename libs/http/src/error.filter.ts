import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import { RpcException } from '@nestjs/microservices'
import { status as GrpcStatus } from '@grpc/grpc-js'
import type { Attempt } from '@weir/audit'
import { AppError } from '@weir/errors'
import type { Logger } from '@weir/observability'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { throwError } from 'rxjs'
import { attemptOf } from './attempt.js'

/** Whether an error means that a service's database cannot be reached; given by who has one. */
export type IsUnavailable = (error: unknown) => boolean

const grpcStatuses: Record<number, GrpcStatus> = {
  400: GrpcStatus.INVALID_ARGUMENT,
  401: GrpcStatus.UNAUTHENTICATED,
  403: GrpcStatus.PERMISSION_DENIED,
  404: GrpcStatus.NOT_FOUND,
  409: GrpcStatus.ALREADY_EXISTS,
  429: GrpcStatus.RESOURCE_EXHAUSTED,
  503: GrpcStatus.UNAVAILABLE,
}

/**
 * Every error that leaves a service is one of the table; what else happened stays in the log. A change
 * that is refused, or fails, goes on record.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly isUnavailable: IsUnavailable,
    private readonly recordAttempt: (attempt: Attempt) => void = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return this.catchRpc(error)
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    const appError = this.toAppError(error, request)
    if (appError.status >= 500) this.log(appError, error, request)
    const attempt = attemptOf(request, appError)
    if (attempt) this.recordAttempt(attempt)
    return host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .status(appError.status)
      .headers(appError.toHeaders())
      .send(appError.toEnvelope())
  }

  /** What is only unavailable is expected to come back: it is a warning, and its stack says nothing. */
  private log(appError: AppError, error: unknown, request: FastifyRequest): void {
    const at = { request_id: request.id, method: request.method, path: pathOf(request) }
    if (appError.code === 'service_unavailable') {
      const { cause = error } = appError
      this.logger.warn(
        { ...at, reason: cause instanceof Error ? cause.message : undefined },
        appError.message,
      )
    } else {
      this.logger.error({ ...at, err: error, internal: appError.options.internal }, appError.message)
    }
  }

  private catchRpc(error: unknown): unknown {
    if (error instanceof RpcException) return throwError(() => error.getError())
    const appError = this.toAppError(error)
    if (appError.status >= 500) this.logger.warn({ err: error }, 'An internal call failed.')
    return throwError(() => ({
      code: grpcStatuses[appError.status] ?? GrpcStatus.INTERNAL,
      message: appError.message,
    }))
  }

  private toAppError(error: unknown, request?: FastifyRequest): AppError {
    if (error instanceof AppError) return error
    if (this.isUnavailable(error)) {
      // A connection that breaks at the end of a transaction does not say whether that was committed.
      const reason =
        'The database cannot be reached now. Try again in a few seconds; after a change, look first whether it was made.'
      return AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause: error })
    }
    const status =
      error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number }).statusCode
    const reason = error instanceof Error ? error.message : 'The request cannot be read.'
    if (status === 404 && request) {
      return AppError.of('route_not_found', { method: request.method, path: pathOf(request) })
    }
    if (status === 413) return AppError.of('request_too_large', { limit: '1 MiB' })
    if (status !== undefined && status >= 400 && status < 500)
      return AppError.of('invalid_request', { reason })
    return AppError.of('internal_error', {}, { cause: error })
  }
}

/** Without the query, whose filters are nobody's business in a log. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0] ?? ''
}
