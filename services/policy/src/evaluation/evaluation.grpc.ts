import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { EvaluationService } from './evaluation.service.js'

/** Judges contents for the gateways. */
@Controller()
@policyV1.EvaluationServiceControllerMethods()
export class EvaluationGrpc implements policyV1.EvaluationServiceController {
  constructor(private readonly evaluation: EvaluationService) {}

  evaluate(request: policyV1.EvaluateRequest): Promise<policyV1.EvaluateResponse> {
    return this.evaluation.evaluate(request)
  }
}
