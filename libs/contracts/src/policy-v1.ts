export * from './generated/weir/policy/v1/snapshot.js'
export {
  EvaluateRequest,
  EvaluateResponse,
  type EvaluationServiceController,
  EvaluationServiceControllerMethods,
  EvaluationServiceService,
} from './generated/weir/policy/v1/evaluation.js'
export {
  Budget,
  type BudgetServiceController,
  BudgetServiceControllerMethods,
  BudgetServiceService,
  ExchangeMoneyRequest,
  ExchangeMoneyResponse,
  Lease,
  LeaseReturn,
  MoneyHold,
  MoneyHoldResult,
  MoneyWant,
  RemovedBudget,
  WatchBudgetsRequest,
  WatchBudgetsResponse,
} from './generated/weir/policy/v1/budget.js'
export {
  ExchangeRatesRequest,
  ExchangeRatesResponse,
  RateAmount,
  RateGrant,
  RateReport,
  type RateServiceController,
  RateServiceControllerMethods,
  RateServiceService,
} from './generated/weir/policy/v1/rate.js'
