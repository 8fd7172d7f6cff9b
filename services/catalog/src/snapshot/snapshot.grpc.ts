import type { Metadata, ServerWritableStream } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import { catalogV1 } from '@weir/contracts'
import { ChangeFeed, paceOf } from '@weir/database'
import type { Observable } from 'rxjs'

/** Streams the catalog's state to the gateways. */
@Controller()
@catalogV1.CatalogSnapshotServiceControllerMethods()
export class SnapshotGrpc implements catalogV1.CatalogSnapshotServiceController {
  constructor(private readonly changeFeed: ChangeFeed<catalogV1.CatalogResource>) {}

  watchCatalog(
    request: catalogV1.WatchCatalogRequest,
    _metadata?: Metadata,
    call?: ServerWritableStream<catalogV1.WatchCatalogRequest, catalogV1.WatchCatalogResponse>,
  ): Observable<catalogV1.WatchCatalogResponse> {
    return this.changeFeed.watch(request, call && { pace: paceOf(call) })
  }
}
