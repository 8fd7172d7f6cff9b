import { AsInteger, Env, ServiceConfig } from '@weir/config'
import { IsInt, Max, Min } from 'class-validator'

/** The policy service's configuration; docs in services/policy/README.md. */
export class PolicyConfig extends ServiceConfig {
  @Env('WEIR_GRPC_PORT')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(65535)
  grpcPort = 0
}
