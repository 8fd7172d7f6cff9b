import { catalogV1, createGrpcClient, identityV1 } from '@weir/contracts'
import { ChangeLog, isUnavailable, openStorage, State } from '@weir/database'
import { remoteCredentials, type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule } from './app.module.js'
import type { CatalogConfig } from './config.js'
import { entities } from './entities.js'
import { migrations } from './migrations/index.js'
import { WhitelistPurge } from './whitelist/whitelist-purge.js'
import { toMessage } from './snapshot/catalog-changed.js'
import { catalogKinds } from './snapshot/catalog-kinds.js'

const services = [
  catalogV1.CatalogSnapshotServiceService,
  catalogV1.PriceServiceService,
  catalogV1.ReferenceServiceService,
]

/** Opens the state, then serves REST and gRPC; the end is in the reverse order. */
export async function startCatalog(context: ServiceContext<CatalogConfig>): Promise<RunningService> {
  const { config, logger } = context
  const parts = AppModule.checkConfig(config)
  const storage = await openStorage({ ...context, name: 'catalog', entities, migrations })
  const state = new State({ ...storage, entities, kinds: catalogKinds, toMessage, logger })
  const identity = createGrpcClient(identityV1.ReferenceServiceService, config.identityGrpc, config)
  const credentials = createGrpcClient(identityV1.CredentialServiceService, config.identityGrpc, config)
  const checkCredential = remoteCredentials(credentials)
  const app = await startRest({
    module: AppModule.forRoot({ ...parts, config, state, identity, checkCredential }),
    config,
    logger,
    isUnavailable,
    recordAttempt: storage.recordAttempt,
    grpc: { services, port: config.grpcPort },
  })
  state.start()
  const purge = new WhitelistPurge(storage.dataSource, app.get(ChangeLog), identity, logger)
  purge.start(config.purgeSweepMs)
  return {
    async close() {
      await purge.close()
      await state.stopWatches()
      await app.close()
      await state.close()
      identity.close()
      credentials.close()
      await storage.close()
    },
  }
}
