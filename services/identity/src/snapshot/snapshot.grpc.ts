import type { Metadata, ServerWritableStream } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { identityV1 } from '@weir/contracts'
import { ChangeFeed, paceOf } from '@weir/database'
import type { Observable } from 'rxjs'

/** Streams identity's state to the gateways. */
@Controller()
@identityV1.IdentitySnapshotServiceControllerMethods()
export class SnapshotGrpc implements identityV1.IdentitySnapshotServiceController {
  constructor(private readonly changeFeed: ChangeFeed<identityV1.IdentityResource>) {}

  watchIdentity(
    request: identityV1.WatchIdentityRequest,
    _metadata?: Metadata,
    call?: ServerWritableStream<identityV1.WatchIdentityRequest, identityV1.WatchIdentityResponse>,
  ): Observable<identityV1.WatchIdentityResponse> {
    return this.changeFeed.watch(request, call && { pace: paceOf(call) })
  }
}
