import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'

/** Judges content. Without policies there is nothing to judge by: everything is allowed. */
@Controller()
@policyV1.EvaluationServiceControllerMethods()
export class EvaluationGrpc implements policyV1.EvaluationServiceController {
  evaluate(): policyV1.EvaluateResponse {
    return { verdict: 'allow', policy: '', message: '' }
  }
}
