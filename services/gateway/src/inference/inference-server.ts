import { AppError } from '@weir/errors'
import { dropRest, requestId } from '@weir/http'
import { counter, histogram, inSpan, type Logger, SpanKind, tracing } from '@weir/observability'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Caller } from './caller.js'
import { anthropicEnvelope, type ErrorEnvelope, openaiEnvelope } from './error-envelope.js'
import { findCalledRoute } from './endpoint-table.js'
import { type Listed, toModelList, toModelObject } from './model-list.js'
import type { InferencePipeline } from './pipeline.js'

const requests = counter('weir_requests_total', 'Inference requests answered.', [
  'endpoint',
  'status',
  'code',
])
const durations = histogram(
  'weir_request_duration_seconds',
  'Time from an inference request to the end of its reply.',
  ['endpoint'],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
)

type Serve = (request: IncomingMessage, caller: Caller) => Promise<void>

/**
 * The inference routes, in front of the framework's router: what they add to a call is counted in
 * microseconds. Everything else is not theirs.
 */
export class InferenceServer {
  constructor(
    private readonly pipeline: InferencePipeline,
    private readonly logger: Logger,
  ) {}

  /** Takes a request that is inference; returns false for all others. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request)
    const called = findCalledRoute(path)
    if (called) {
      const { name, envelope } = called.endpoint
      this.serve({ endpoint: name, envelope }, request, response, (_, caller) => {
        if (request.method !== 'POST')
          throw AppError.of('route_not_found', { method: request.method ?? '', path })
        return this.pipeline.serve(called, request, caller)
      })
      return true
    }
    const models = request.method === 'GET' ? findModelsPath(path) : undefined
    if (!models) return false
    // Below /v1 the list is also the catalog's, for those who manage it.
    if (models.repository === undefined && !this.pipeline.authentication.isForInference(request)) return false
    const envelope = isAnthropic(request) ? anthropicEnvelope : openaiEnvelope
    this.serve({ endpoint: 'models', envelope }, request, response, (_, caller) =>
      this.serveModels(models, request, caller),
    )
    return true
  }

  private serve(
    { endpoint, envelope }: { endpoint: string; envelope: ErrorEnvelope },
    request: IncomingMessage,
    response: ServerResponse,
    work: Serve,
  ): void {
    const startedAt = performance.now()
    const caller = new Caller(
      response,
      requestId(request.headers['x-request-id']),
      () => this.pipeline.isStopping,
      envelope,
    )
    response.once('close', () => {
      requests.inc({ endpoint, status: caller.status || 499, code: caller.errorCode })
      durations.observe({ endpoint }, (performance.now() - startedAt) / 1000)
      if (caller.errorCode !== '' || caller.status === 0) this.logRefusal(endpoint, caller)
    })
    const run = tracing.on ? this.traced(endpoint, work) : work
    Promise.resolve()
      .then(() => run(request, caller))
      .catch((error: unknown) => this.refuse(error, request, caller))
  }

  private refuse(error: unknown, request: IncomingMessage, caller: Caller): void {
    const appError = error instanceof AppError ? error : AppError.of('internal_error', {}, { cause: error })
    if (!(error instanceof AppError) && !caller.isGone) {
      this.logger.error({ err: error, request_id: caller.requestId }, 'A request failed inside the gateway.')
    }
    caller.sendError(appError, request.complete ? undefined : dropRest(request))
  }

  private async serveModels(path: ModelsPath, request: IncomingMessage, caller: Caller): Promise<void> {
    const { authentication, routes } = this.pipeline
    const name = path.model === undefined ? undefined : decodeName(path.model)
    const key = await authentication.findKey(request, 'models')
    const repository = routes.findPlace(key, request.url ?? '', path.repository)
    const shape = { isAnthropic: isAnthropic(request), ownerOf: (listed: Listed) => routes.ownerOf(listed) }
    const reply =
      name === undefined
        ? toModelList(routes.list(key, repository), shape)
        : toModelObject(routes.get(key, name, repository), shape)
    caller.send(200, 'application/json', JSON.stringify(reply))
  }

  private traced(endpoint: string, work: Serve): Serve {
    return (request, caller) => {
      const traceparent = request.headers['traceparent']
      const options = {
        name: `${request.method ?? ''} ${endpoint}`,
        kind: SpanKind.SERVER,
        attributes: { 'weir.request_id': caller.requestId },
        ...(typeof traceparent === 'string' && { traceparent }),
      }
      return inSpan(options, async (span) => {
        await work(request, caller)
        await caller.finished()
        span?.setAttribute('http.response.status_code', caller.status)
      })
    }
  }

  private logRefusal(endpoint: string, caller: Caller): void {
    const { requestId, status, errorCode } = caller
    this.logger.info(
      { request_id: requestId, endpoint, status, code: errorCode || 'client_closed' },
      'Not served.',
    )
  }
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw AppError.of('invalid_request', {
      reason: `The path has a part that is not percent-encoded UTF-8: ${text}`,
    })
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? ''
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** A path of the list of models, or of one of them. */
interface ModelsPath {
  repository: string | undefined
  /** As it stands in the path; undefined: the list. */
  model: string | undefined
}

const modelsPath = /^(?:\/r\/([^/]+))?\/v1\/models(?:\/(.*))?$/

function findModelsPath(path: string): ModelsPath | undefined {
  const match = modelsPath.exec(path)
  return match ? { repository: match[1], model: match[2] } : undefined
}

const isAnthropic = ({ headers }: IncomingMessage): boolean => headers['anthropic-version'] !== undefined
