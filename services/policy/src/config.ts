import { AsInteger, Env, RestConfig } from '@weir/config'
import { IsInt, Matches, Max, Min } from 'class-validator'

/** The policy service's configuration; docs in services/policy/README.md. */
export class PolicyConfig extends RestConfig {
  @Env('WEIR_GRPC_PORT')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(65535)
  grpcPort = 0

  /** Where it learns what there is, and what teams and keys may spend. */
  @Env('WEIR_IDENTITY_GRPC')
  @Matches(/^[^:\s]+:\d+$/)
  identityGrpc: string
}
