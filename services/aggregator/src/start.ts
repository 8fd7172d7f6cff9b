import { BusServer } from '@weir/bus'
import { createGrpcClient, identityV1 } from '@weir/contracts'
import { isUnavailable, openStorage, Outbox } from '@weir/database'
import { remoteCredentials, type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule } from './app.module.js'
import type { AggregatorConfig } from './config.js'
import { migrations } from './migrations/index.js'
import { aggregatorGroup } from './rollup/rollup.service.js'

/** Opens the state, serves REST, then consumes; the end is in the reverse order. */
export async function startAggregator(context: ServiceContext<AggregatorConfig>): Promise<RunningService> {
  const { config, logger } = context
  const storage = await openStorage({ ...context, name: 'aggregator', entities: [], migrations })
  const { dataSource, bus } = storage
  const outbox = new Outbox(dataSource, bus, (err) =>
    logger.warn({ err }, 'The outbox could not be relayed; trying again.'),
  )
  const identity = createGrpcClient(identityV1.CredentialServiceService, config.identityGrpc, config)
  const module = AppModule.forRoot({
    config,
    dataSource,
    outbox,
    checkCredential: remoteCredentials(identity),
  })
  const app = await startRest({ module, config, logger, isUnavailable, recordAttempt: storage.recordAttempt })
  app.connectMicroservice({ strategy: new BusServer(bus, aggregatorGroup) })
  await app.startAllMicroservices()
  outbox.start()
  return {
    async close() {
      await app.close()
      await outbox.close()
      identity.close()
      await storage.close()
    },
  }
}
