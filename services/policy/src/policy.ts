import { BusServer } from '@weir/bus'
import { createGrpcClient, identityV1, policyV1 } from '@weir/contracts'
import { isUnavailable, openStorage, State } from '@weir/database'
import { remoteCredentials, type RunningService, type ServiceContext, startRest } from '@weir/http'
import { Budget } from './budget/budget.entity.js'
import { budgetKinds } from './budget/budget-kind.js'
import { policyGroup } from './budget/charge.service.js'
import { IdentityBudgets } from './budget/identity-budgets.js'
import { Pruning } from './budget/pruning.js'
import type { PolicyConfig } from './config.js'
import { PolicyBook } from './evaluation/policy-book.js'
import { ScanPool } from './evaluation/scan-pool.js'
import { migrations } from './migrations/index.js'
import { toMessage } from './policy-changed.js'
import { Policy, PolicyVersion } from './policy/policy.entity.js'
import { PolicyModule } from './policy.module.js'
import { Violation } from './violation/violation.entity.js'

const services = [
  policyV1.BudgetServiceService,
  policyV1.EvaluationServiceService,
  policyV1.RateServiceService,
  policyV1.PolicySnapshotServiceService,
]

/** Opens the state, serves REST and gRPC, then consumes and watches; the end is in the reverse order. */
export async function startPolicy(
  context: ServiceContext<PolicyConfig>,
  { scanWorker }: { scanWorker?: URL } = {},
): Promise<RunningService> {
  const { config, logger } = context
  const entities = [Budget, Policy, PolicyVersion, Violation]
  const storage = await openStorage({ ...context, name: 'policy', entities, migrations })
  const state = new State({ ...storage, entities, kinds: budgetKinds, toMessage, logger })
  const identity = createGrpcClient(identityV1.IdentitySnapshotServiceService, config.identityGrpc, config)
  const credentials = createGrpcClient(identityV1.CredentialServiceService, config.identityGrpc, config)
  const checkCredential = remoteCredentials(credentials)
  const app = await startRest({
    module: PolicyModule.forRoot({ config, state, identity, checkCredential, logger, scanWorker }),
    config,
    logger,
    isUnavailable,
    recordAttempt: storage.recordAttempt,
    grpc: { services, port: config.grpcPort },
  })
  await app.connectMicroservice({ strategy: new BusServer(storage.bus, policyGroup) }).listen()
  state.start()
  const pool = app.get(ScanPool)
  pool.start()
  const book = app.get(PolicyBook)
  book.start()
  const budgets = app.get(IdentityBudgets)
  budgets.start()
  const pruning = new Pruning(storage.dataSource, logger)
  pruning.start()
  return {
    async close() {
      await state.stopWatches()
      await book.close()
      await budgets.close()
      await pruning.close()
      await app.close()
      await pool.close()
      await state.close()
      identity.close()
      credentials.close()
      await storage.close()
    },
  }
}
