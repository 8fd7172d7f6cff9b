import { BusServer } from '@weir/bus'
import { catalogV1, createGrpcClient, identityV1 } from '@weir/contracts'
import { isUnavailable, openStorage, Outbox } from '@weir/database'
import { remoteCredentials, type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule, entities } from './app.module.js'
import type { MeteringConfig } from './config.js'
import { meteringGroup } from './ledger/ledger.service.js'
import { migrations } from './migrations/index.js'
import { Retention } from './retention/retention.js'

/** Opens the state, serves REST, then consumes; the end is in the reverse order. */
export async function startMetering(context: ServiceContext<MeteringConfig>): Promise<RunningService> {
  const { config, logger } = context
  const storage = await openStorage({ ...context, name: 'metering', entities, migrations })
  const { dataSource, bus } = storage
  const outbox = new Outbox(dataSource, bus, (err) =>
    logger.warn({ err }, 'The outbox could not be relayed; trying again.'),
  )
  const catalog = createGrpcClient(catalogV1.PriceServiceService, config.catalogGrpc, config)
  const resources = createGrpcClient(catalogV1.ReferenceServiceService, config.catalogGrpc, config)
  const identity = createGrpcClient(identityV1.CredentialServiceService, config.identityGrpc, config)
  const references = createGrpcClient(identityV1.ReferenceServiceService, config.identityGrpc, config)
  const app = await startRest({
    module: AppModule.forRoot({
      config,
      dataSource,
      outbox,
      checkCredential: remoteCredentials(identity),
      catalog,
      resources,
    }),
    config,
    logger,
    isUnavailable,
    recordAttempt: storage.recordAttempt,
  })
  app.connectMicroservice({ strategy: new BusServer(bus, meteringGroup) })
  await app.startAllMicroservices()
  outbox.start()
  const retention = new Retention(dataSource, references, logger)
  retention.start(config.retentionSweepMs)
  return {
    async close() {
      await retention.close()
      await app.close()
      await outbox.close()
      catalog.close()
      resources.close()
      identity.close()
      references.close()
      await storage.close()
    },
  }
}
