import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { InternalGuard, type policyV1 } from '@weir/contracts'
import { Outbox, type State, StateModule } from '@weir/database'
import { type CheckCredential, PermissionGuard } from '@weir/http'
import type { Logger } from '@weir/observability'
import { BudgetModule } from './budget/budget.module.js'
import { type IdentityWatch, IdentityWatchClient } from './budget/identity-budgets.js'
import type { PolicyConfig } from './config.js'
import { EvaluationGrpc } from './evaluation/evaluation.grpc.js'
import { RateGrpc } from './rate/rate.grpc.js'
import { SnapshotGrpc } from './snapshot/snapshot.grpc.js'

/** What the process gives to the application. */
export interface PolicyOptions {
  config: Pick<PolicyConfig, 'masterKey' | 'internalSecret'>
  state: State<policyV1.Budget>
  identity: IdentityWatch
  checkCredential: CheckCredential
  logger: Logger
}

/** The whole of the policy service; every route and every call is refused unless a guard lets it in. */
@Module({})
export class PolicyModule {
  static forRoot({ config, state, identity, checkCredential, logger }: PolicyOptions): DynamicModule {
    const shared = [
      { provide: Outbox, useValue: state.outbox },
      { provide: IdentityWatchClient, useValue: new IdentityWatchClient(identity, logger) },
    ]
    return {
      module: PolicyModule,
      global: true,
      imports: [StateModule.forRoot(state), BudgetModule],
      controllers: [EvaluationGrpc, RateGrpc, SnapshotGrpc],
      providers: [
        ...shared,
        { provide: APP_GUARD, useValue: new InternalGuard(config) },
        { provide: APP_GUARD, useValue: new PermissionGuard(config.masterKey, checkCredential) },
      ],
      exports: shared.map(({ provide }) => provide),
    }
  }
}
