import { AsInteger, Env, RestConfig } from '@weir/config'
import { IsInt, Matches, Max, Min } from 'class-validator'

/** Identity's configuration; see its README. */
export class IdentityConfig extends RestConfig {
  @Env('WEIR_GRPC_PORT')
  @AsInteger()
  @IsInt()
  @Min(1)
  @Max(65535)
  grpcPort: number

  /** Pepper of the virtual keys' hashes. */
  @Env('WEIR_KEY_PEPPER', { secret: true })
  @Matches(/^[A-Za-z0-9+/_-]{43}=?$/, { message: 'must be 32 bytes in base64' })
  keyPepper: string

  /** Where the catalog is asked what a workspace is used by. */
  @Env('WEIR_CATALOG_GRPC')
  @Matches(/^.+:\d+$/, { message: 'must be host:port' })
  catalogGrpc: string
}
