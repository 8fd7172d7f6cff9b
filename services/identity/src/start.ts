import { BusServer } from '@weir/bus'
import { createGrpcClient, catalogV1, identityV1, policyV1 } from '@weir/contracts'
import { isUnavailable, openStorage, State } from '@weir/database'
import { type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule } from './app.module.js'
import { auditGroup } from './audit/audit-trail.js'
import type { IdentityConfig } from './config.js'
import { entities } from './entities.js'
import { migrations } from './migrations/index.js'
import { OidcSettings } from './sign-in/oidc/oidc-settings.js'
import { SetupToken, setupLine } from './sign-in/setup-token.js'
import { toMessage } from './snapshot/identity-changed.js'
import { identityKinds } from './snapshot/identity-kinds.js'
import { sizeOf } from './snapshot/to-proto.js'

const services = [
  identityV1.VirtualKeyServiceService,
  identityV1.IdentitySnapshotServiceService,
  identityV1.ReferenceServiceService,
  identityV1.CredentialServiceService,
]

/** Opens the state, then serves REST and gRPC; the end is in the reverse order. */
export async function startIdentity(context: ServiceContext<IdentityConfig>): Promise<RunningService> {
  const { config, logger } = context
  const oidc = OidcSettings.from(config)
  const storage = await openStorage({ ...context, name: 'identity', entities, migrations })
  const state = new State({ ...storage, entities, kinds: identityKinds, sizeOf, toMessage, logger })
  const catalog = createGrpcClient(catalogV1.ReferenceServiceService, config.catalogGrpc, config)
  const policy = createGrpcClient(policyV1.BudgetServiceService, config.policyGrpc, config)
  const app = await startRest({
    module: AppModule.forRoot({ config, oidc, state, catalog, policy }),
    config,
    logger,
    isUnavailable,
    recordAttempt: storage.recordAttempt,
    grpc: { services, port: config.grpcPort },
  })
  // Listens by itself: the gRPC server, which listens already, may not be told to twice.
  await app.connectMicroservice({ strategy: new BusServer(storage.bus, auditGroup) }).listen()
  state.start()
  await showSetupToken(app.get(SetupToken, { strict: false }))
  return {
    async close() {
      await state.stopWatches()
      await app.close()
      await state.close()
      catalog.close()
      policy.close()
      await storage.close()
    },
  }
}

/** Past the logger, whose lines may be kept for years: whoever starts identity may make the first administrator. */
async function showSetupToken(setupToken: SetupToken): Promise<void> {
  const token = await setupToken.issue()
  if (token !== undefined) process.stdout.write(`${setupLine}${token}\n`)
}
