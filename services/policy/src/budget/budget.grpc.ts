import type { Metadata, ServerWritableStream } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { ChangeFeed, paceOf } from '@weir/database'
import type { Observable } from 'rxjs'
import { MoneyService } from './money.service.js'

/** Tells the gateways which budgets there are, and grants them money. */
@Controller()
@policyV1.BudgetServiceControllerMethods()
export class BudgetGrpc implements policyV1.BudgetServiceController {
  constructor(
    private readonly changeFeed: ChangeFeed<policyV1.Budget>,
    private readonly money: MoneyService,
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
}
