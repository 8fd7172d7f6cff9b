import { createGrpcClient, catalogV1, identityV1 } from '@weir/contracts'
import { isUnavailable, openStorage, State } from '@weir/database'
import { type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule } from './app.module.js'
import type { IdentityConfig } from './config.js'
import { entities } from './entities.js'
import { migrations } from './migrations/index.js'
import { toMessage } from './snapshot/identity-changed.js'
import { identityKinds } from './snapshot/identity-kinds.js'
import { sizeOf } from './snapshot/to-proto.js'

const services = [
  identityV1.VirtualKeyServiceService,
  identityV1.IdentitySnapshotServiceService,
  identityV1.ReferenceServiceService,
]

/** Opens the state, then serves REST and gRPC; the end is in the reverse order. */
export async function startIdentity(context: ServiceContext<IdentityConfig>): Promise<RunningService> {
  const { config, logger } = context
  const storage = await openStorage({ ...context, name: 'identity', entities, migrations })
  const state = new State({ ...storage, entities, kinds: identityKinds, sizeOf, toMessage, logger })
  const catalog = createGrpcClient(catalogV1.ReferenceServiceService, config.catalogGrpc, config)
  const app = await startRest({
    module: AppModule.forRoot({ config, state, catalog }),
    config,
    logger,
    isUnavailable,
    grpc: { services, port: config.grpcPort },
  })
  state.start()
  return {
    async close() {
      await state.stopWatches()
      await app.close()
      await state.close()
      catalog.close()
      await storage.close()
    },
  }
}
