import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common'
import { counter, histogram } from '@weir/observability'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { finalize, type Observable } from 'rxjs'

const requests = counter('weir_http_requests_total', 'Requests answered.', ['method', 'route', 'status'])
const latency = histogram(
  'weir_http_request_duration_seconds',
  'Time from a request to its answer.',
  ['method', 'route'],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)

/** Counts and times REST requests by route, never by path: a path holds ids. */
@Injectable()
export class MetricsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle()
    const http = context.switchToHttp()
    const request = http.getRequest<FastifyRequest>()
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown' }
    const stop = latency.startTimer(labels)
    return next.handle().pipe(
      finalize(() => {
        stop()
        http.getResponse<FastifyReply>().raw.once('finish', function (this: { statusCode: number }) {
          requests.inc({ ...labels, status: this.statusCode })
        })
      }),
    )
  }
}
