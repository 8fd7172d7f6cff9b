import type { MethodDefinition } from '@grpc/grpc-js'
import type { DynamicModule } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Attempt } from '@weir/audit'
import type { RestConfig } from '@weir/config'
import { AppError } from '@weir/errors'
import { grpcServerOptions } from '@weir/contracts'
import { type Logger, NestLogger } from '@weir/observability'
import type { IsUnavailable } from './error.filter.js'
import { configureRest, restAdapter } from './rest-app.js'

type ServiceDefinition = Record<string, MethodDefinition<never, never> | { path: string }>

/**
 * Starts a service's application: REST, and gRPC under the same guards and filters when it serves
 * any. The module brings the guards. Closing the application stops both.
 */
export async function startRest(options: {
  module: DynamicModule
  config: RestConfig
  logger: Logger
  isUnavailable: IsUnavailable
  /** Puts a change that was refused, or failed, on record. */
  recordAttempt?: (attempt: Attempt) => void
  grpc?: { services: ServiceDefinition[]; port: number }
}): Promise<NestFastifyApplication> {
  const { module, config, logger, isUnavailable, recordAttempt, grpc } = options
  const app = await NestFactory.create<NestFastifyApplication>(module, restAdapter(), {
    logger: new NestLogger(logger),
    abortOnError: false,
    // Fastify's own reads JSON alone; Nest's would take forms as well.
    bodyParser: false,
  })
  try {
    configureRest(app, { logger, isUnavailable, ...(recordAttempt && { recordAttempt }) })
    acceptForms(app)
    if (grpc) {
      app.connectMicroservice(grpcServerOptions({ ...grpc, host: config.host, trust: config }), {
        inheritAppConfig: true,
      })
      await app.startAllMicroservices()
    }
    await app.listen(config.httpPort, config.host)
  } catch (error) {
    await app.close()
    throw error
  }
  return app
}

/** The only routes that take a form: OAuth has it so. Elsewhere one could be sent by any site's page. */
const formRoutes = new Set(['/v1/oauth/token'])

function acceptForms(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance()
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (request, body, done) => {
      if (!formRoutes.has(request.routeOptions.url ?? '')) {
        const reason = 'The body must be JSON, sent with `content-type: application/json`.'
        return done(AppError.of('invalid_request', { reason }))
      }
      done(null, Object.fromEntries(new URLSearchParams(String(body))))
    },
  )
}
