import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { InternalGuard, type policyV1 } from '@weir/contracts'
import { Outbox, type State, StateModule } from '@weir/database'
import { type CheckCredential, PermissionGuard } from '@weir/http'
import type { Logger } from '@weir/observability'
import { BudgetModule } from './budget/budget.module.js'
import { type IdentityWatch, IdentityWatchClient } from './budget/identity-budgets.js'
import type { PolicyConfig } from './config.js'
import { EvaluationModule } from './evaluation/evaluation.module.js'
import { ScanWorker } from './evaluation/scan-worker-url.js'
import { RateGrpc } from './rate/rate.grpc.js'
import { ServiceLog } from './service-log.js'

/** What the process gives to the application. */
export interface PolicyOptions {
  config: Pick<PolicyConfig, 'masterKey' | 'internalSecret'>
  state: State<policyV1.Budget>
  identity: IdentityWatch
  checkCredential: CheckCredential
  logger: Logger
  /** Where the code of the detectors' threads is; left out: beside the service's. */
  scanWorker?: URL | undefined
}

/** The whole of the policy service; every route and every call is refused unless a guard lets it in. */
@Module({})
export class PolicyModule {
  static forRoot(options: PolicyOptions): DynamicModule {
    const { config, state, identity, checkCredential, logger, scanWorker } = options
    const shared = [
      { provide: Outbox, useValue: state.outbox },
      { provide: IdentityWatchClient, useValue: new IdentityWatchClient(identity, logger) },
      { provide: ServiceLog, useValue: new ServiceLog(logger) },
      { provide: ScanWorker, useValue: new ScanWorker(scanWorker) },
    ]
    return {
      module: PolicyModule,
      global: true,
      imports: [StateModule.forRoot(state), BudgetModule, EvaluationModule],
      controllers: [RateGrpc],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new InternalGuard(config) },
        { provide: APP_GUARD, useValue: new PermissionGuard(config.masterKey, checkCredential) },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
