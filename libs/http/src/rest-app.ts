import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Attempt } from '@weir/audit'
import { AppError } from '@weir/errors'
import type { Logger } from '@weir/observability'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { randomUUID } from 'node:crypto'
import { dropRest } from './drop-rest.js'
import { ErrorFilter, type IsUnavailable } from './error.filter.js'
import { openScope } from './request-scope.js'
import { countRequest, TracingInterceptor } from './telemetry.js'
import { BodyPipe, validationPipe } from './validation.js'

const requestIdPattern = /^[\w.-]{1,128}$/

const withoutDashes = (uuid: string): string =>
  uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24)

/** The caller's request id when it is harmless in logs and headers, else a new one. */
export function requestId(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && requestIdPattern.test(sent) ? sent : `req_${withoutDashes(randomUUID())}`
}

/** Fastify as every REST service has it: bounded bodies, request ids, paths taken literally. */
export function restAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: 1024 * 1024,
    genReqId: (request: { headers: Record<string, string | string[] | undefined> }) =>
      requestId(request.headers['x-request-id']),
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: answerBadPath,
  })
  acceptEmptyBodies(adapter.getInstance())
  return adapter
}

/** What Fastify finds wrong before there is a route: a path that is not percent-encoded UTF-8. */
export function answerBadPath(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = AppError.of('invalid_request', { reason: 'The path is not percent-encoded UTF-8.' })
  void reply
    .status(error.status)
    .headers({ ...error.toHeaders(), 'x-request-id': request.id })
    .send(error.toEnvelope())
}

/** Many clients say that they send JSON when they send nothing. */
function acceptEmptyBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeContentTypeParser('application/json')
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null)
    else void parse(request, body.toString(), done)
  })
}

/** What every REST service does to each request: validate, answer errors from the table, name the request. */
export function configureRest(
  app: NestFastifyApplication,
  options: { logger: Logger; isUnavailable: IsUnavailable; recordAttempt?: (attempt: Attempt) => void },
): void {
  app.useGlobalPipes(new BodyPipe(), validationPipe())
  app.useGlobalFilters(new ErrorFilter(options.logger, options.isUnavailable, options.recordAttempt))
  app.useGlobalInterceptors(new TracingInterceptor())
  const server = app.getHttpAdapter().getInstance()
  server.addHook('onResponse', (request, reply, done) => {
    countRequest(request, reply)
    done()
  })
  server.addHook('onSend', async ({ raw }) => dropRest(raw))
  // The last hook, after the body: what a stream calls back does not know whose request it is.
  server.addHook('preHandler', (request, _reply, done) => openScope(request, done))
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    // No id, name or filter has a null character, and PostgreSQL fails on one.
    const isSound = !/%00/.test(request.url)
    done(
      isSound ? undefined : AppError.of('invalid_request', { reason: 'The path contains a null character.' }),
    )
  })
}
