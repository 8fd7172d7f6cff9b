import type { MethodDefinition } from '@grpc/grpc-js'
import type { DynamicModule } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { RestConfig } from '@weir/config'
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
  grpc?: { services: ServiceDefinition[]; port: number }
}): Promise<NestFastifyApplication> {
  const { module, config, logger, isUnavailable, grpc } = options
  const app = await NestFactory.create<NestFastifyApplication>(module, restAdapter(), {
    logger: new NestLogger(logger),
    abortOnError: false,
    // Fastify's own reads JSON alone; Nest's would take forms as well.
    bodyParser: false,
  })
  try {
    configureRest(app, { logger, isUnavailable })
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
