export * from './generated/weir/policy/v1/snapshot.js'
export {
  EvaluateRequest,
  EvaluateResponse,
  type EvaluationServiceController,
  EvaluationServiceControllerMethods,
  EvaluationServiceService,
} from './generated/weir/policy/v1/evaluation.js'
