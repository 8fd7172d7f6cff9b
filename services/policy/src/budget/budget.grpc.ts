import type { Metadata, ServerWritableStream } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { ChangeFeed, paceOf } from '@weir/database'
import type { Observable } from 'rxjs'
import { BudgetStatusService } from './budget-status.service.js'
import { MoneyService } from './money.service.js'
import { RunEndService } from './run-end.service.js'

/** Tells the gateways which budgets there are, grants them money, and says how budgets stand. */
@Controller()
@policyV1.BudgetServiceControllerMethods()
export class BudgetGrpc implements policyV1.BudgetServiceController {
  constructor(
    private readonly changeFeed: ChangeFeed<policyV1.Budget>,
    private readonly money: MoneyService,
    private readonly runEnds: RunEndService,
    private readonly statuses: BudgetStatusService,
  ) {}

  watchBudgets(
    request: policyV1.WatchBudgetsRequest,
    _metadata?: Metadata,
    call?: ServerWritableStream<policyV1.WatchBudgetsRequest, policyV1.WatchBudgetsResponse>,
  ): Observable<policyV1.WatchBudgetsResponse> {
    return this.changeFeed.watch(request, call && { pace: paceOf(call) })
  }

  exchangeMoney(request: policyV1.ExchangeMoneyRequest): Promise<policyV1.ExchangeMoneyResponse> {
    return this.money.exchange(request)
  }

  endRuns(request: policyV1.EndRunsRequest): Promise<policyV1.EndRunsResponse> {
    return this.runEnds.end(request)
  }

  readBudgets(request: policyV1.ReadBudgetsRequest): Promise<policyV1.ReadBudgetsResponse> {
    return this.statuses.readScopes(request)
  }
}
