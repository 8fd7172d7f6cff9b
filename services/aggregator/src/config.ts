import { Env, RestConfig } from '@weir/config'
import { Matches } from 'class-validator'

/** Aggregator's configuration; docs in services/aggregator/README.md. */
export class AggregatorConfig extends RestConfig {
  /** Where a credential is checked that is not the master key. */
  @Env('WEIR_IDENTITY_GRPC')
  @Matches(/^[^:\s]+:\d+$/)
  identityGrpc: string
}
