import { AsInteger, Env, RestConfig } from '@weir/config'
import { IsInt, Matches, Min } from 'class-validator'

/** Metering's configuration; docs in services/metering/README.md. */
export class MeteringConfig extends RestConfig {
  /** Where the prices are that usage events name. */
  @Env('WEIR_CATALOG_GRPC')
  @Matches(/^[^:\s]+:\d+$/)
  catalogGrpc: string

  /** Where a credential is checked that is not the master key. */
  @Env('WEIR_IDENTITY_GRPC')
  @Matches(/^[^:\s]+:\d+$/)
  identityGrpc: string

  /** How often what is over its retention is deleted. */
  @Env('WEIR_RETENTION_SWEEP_MS')
  @AsInteger()
  @IsInt()
  @Min(50)
  retentionSweepMs = 3_600_000
}
