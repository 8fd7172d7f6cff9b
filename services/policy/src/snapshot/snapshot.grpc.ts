import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { map, type Observable, timer } from 'rxjs'

const heartbeatMs = 2_000

/** Names this state: it has no policies, and never another version. */
const epoch = 'no-policies'

/** Tells the gateways which policies there are. There are none yet, so nobody is asked to evaluate. */
@Controller()
@policyV1.PolicySnapshotServiceControllerMethods()
export class SnapshotGrpc implements policyV1.PolicySnapshotServiceController {
  watchPolicies(): Observable<policyV1.WatchPoliciesResponse> {
    return timer(0, heartbeatMs).pipe(map(() => ({ epoch, version: '1', scopes: [] })))
  }
}
