import type { Metadata, ServerWritableStream } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { policyV1 } from '@weir/contracts'
import { paceOf } from '@weir/database'
import { map, type Observable } from 'rxjs'
import { PolicyFeed, toProto } from '../policy/policy-feed.js'

/** Tells the gateways where policies apply. */
@Controller()
@policyV1.PolicySnapshotServiceControllerMethods()
export class SnapshotGrpc implements policyV1.PolicySnapshotServiceController {
  constructor(private readonly feed: PolicyFeed) {}

  watchPolicies(
    request: policyV1.WatchPoliciesRequest,
    _metadata?: Metadata,
    call?: ServerWritableStream<policyV1.WatchPoliciesRequest, policyV1.WatchPoliciesResponse>,
  ): Observable<policyV1.WatchPoliciesResponse> {
    return this.feed
      .watch(request, call && { pace: paceOf(call) })
      .pipe(map((batch) => ({ ...batch, upserts: batch.upserts.map(toProto) })))
  }
}
