import type { Metadata } from '@grpc/grpc-js'
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common'
import { counter, histogram, inSpan, SpanKind, tracing } from '@weir/observability'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { from, lastValueFrom, type Observable } from 'rxjs'

const requests = counter('weir_http_requests_total', 'Requests answered.', ['method', 'route', 'status'])
const latency = histogram(
  'weir_http_request_duration_seconds',
  'Time from a request to its answer.',
  ['method', 'route'],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)

/** Counts a request by its route, never by its path: a path holds ids. */
export function countRequest(request: FastifyRequest, reply: FastifyReply): void {
  const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown' }
  requests.inc({ ...labels, status: reply.statusCode })
  latency.observe(labels, reply.elapsedTime / 1000)
}

/** Continues the trace of a REST request or of a unary gRPC call; a stream has no end to wait for. */
@Injectable()
export class TracingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (!tracing.on) return next.handle()
    const origin = context.getType() === 'http' ? originOfRequest(context) : originOfCall(context)
    if (!origin) return next.handle()
    const { name, traceparent } = origin
    return from(
      inSpan({ name, kind: SpanKind.SERVER, ...(traceparent && { traceparent }) }, () =>
        lastValueFrom(next.handle(), { defaultValue: undefined }),
      ),
    )
  }
}

interface Origin {
  name: string
  traceparent: string | undefined
}

function originOfRequest(context: ExecutionContext): Origin {
  const { method, routeOptions, headers } = context.switchToHttp().getRequest<FastifyRequest>()
  const { traceparent } = headers
  return {
    name: `${method} ${routeOptions.url ?? 'unknown'}`,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  }
}

/** grpc-js hands out the same kind of call for unary methods and streams; every stream of Weir is a Watch. */
function originOfCall(context: ExecutionContext): Origin | undefined {
  const [, metadata, call] =
    context.getArgs<[unknown, Metadata | undefined, { getPath?: () => string } | undefined]>()
  const path = call?.getPath?.()
  if (path === undefined || /\/Watch\w+$/.test(path)) return undefined
  const [traceparent] = metadata?.get('traceparent') ?? []
  return { name: path.slice(1), traceparent: traceparent?.toString() }
}
