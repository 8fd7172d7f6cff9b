import { NestFactory } from '@nestjs/core'
import { grpcServerOptions, policyV1 } from '@weir/contracts'
import type { RunningService, ServiceContext } from '@weir/http'
import { NestLogger } from '@weir/observability'
import type { PolicyConfig } from './config.js'
import { PolicyModule } from './policy.module.js'

/** Starts the policy service: gRPC only. */
export async function startPolicy({ config, logger }: ServiceContext<PolicyConfig>): Promise<RunningService> {
  const app = await NestFactory.createMicroservice(PolicyModule.register(config), {
    ...grpcServerOptions({
      services: [
        policyV1.EvaluationServiceService,
        policyV1.RateServiceService,
        policyV1.PolicySnapshotServiceService,
      ],
      host: config.host,
      port: config.grpcPort,
      trust: config,
    }),
    logger: new NestLogger(logger),
  })
  await app.listen()
  return { close: () => app.close() }
}
