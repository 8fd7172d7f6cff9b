import { Module } from '@nestjs/common'
import { BudgetController } from './budget.controller.js'
import { BudgetGrpc } from './budget.grpc.js'
import { BudgetService } from './budget.service.js'
import { BudgetStatusController } from './budget-status.controller.js'
import { BudgetStatusService } from './budget-status.service.js'
import { ChargeConsumer } from './charge.consumer.js'
import { ChargeService } from './charge.service.js'
import { IdentityBudgets } from './identity-budgets.js'
import { MoneyService } from './money.service.js'
import { RunEndService } from './run-end.service.js'
import { ScopeDirectory } from './scope-directory.js'

@Module({
  controllers: [BudgetController, BudgetStatusController, BudgetGrpc, ChargeConsumer],
  providers: [
    BudgetService,
    BudgetStatusService,
    ChargeService,
    IdentityBudgets,
    MoneyService,
    RunEndService,
    { provide: ScopeDirectory, useExisting: IdentityBudgets },
  ],
  exports: [ScopeDirectory],
})
export class BudgetModule {}
