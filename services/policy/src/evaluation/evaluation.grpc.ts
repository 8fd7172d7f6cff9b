import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { Observable } from 'rxjs'
import { EvaluationService } from './evaluation.service.js'

/** Judges contents for the gateways. */
@Controller()
@policyV1.EvaluationServiceControllerMethods()
export class EvaluationGrpc implements policyV1.EvaluationServiceController {
  constructor(private readonly evaluation: EvaluationService) {}

  evaluate(request: policyV1.EvaluateRequest): Promise<policyV1.EvaluateResponse> {
    return this.evaluation.evaluate(request)
  }

  evaluateMany({ contents }: policyV1.EvaluateManyRequest): Observable<policyV1.EvaluateManyResponse> {
    return new Observable((subscriber) => {
      let verdicts: policyV1.IndexedVerdict[] = []
      let missing = contents.length
      if (missing === 0) subscriber.complete()
      // What comes in one turn of the event loop goes out as one message.
      const flush = () => {
        subscriber.next({ verdicts })
        verdicts = []
        if (missing === 0) subscriber.complete()
      }
      for (const [index, content] of contents.entries()) {
        void this.evaluation
          .evaluate(content)
          .catch(() => unavailable)
          .then((response) => {
            missing--
            if (verdicts.push({ index, response }) === 1) setImmediate(flush)
          })
      }
    })
  }
}

/** One content that cannot be judged says nothing of those beside it. */
const unavailable: policyV1.EvaluateResponse = {
  ...{ verdict: 'unavailable', policy: '', message: '', masked: [], cleanUnder: '' },
}
