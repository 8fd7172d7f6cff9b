import { AsInteger, AsList, Env, RestConfig } from '@weir/config'
import { IsArray, IsInt, Matches, Max, Min } from 'class-validator'

/** The catalog's configuration; see its README. */
export class CatalogConfig extends RestConfig {
  @Env('WEIR_GRPC_PORT')
  @AsInteger()
  @IsInt()
  @Min(1)
  @Max(65535)
  grpcPort: number

  /** Master keys that seal the providers' credentials. */
  @Env('WEIR_ENCRYPTION_KEYS', { secret: true })
  @Matches(/^\d+:[A-Za-z0-9+/_-]{43}=?(,\s*\d+:[A-Za-z0-9+/_-]{43}=?)*$/, {
    message: 'must be <version>:<base64 of 32 bytes>, several of them separated by commas',
  })
  encryptionKeys: string

  /** Where identity is asked for workspaces, and for what uses a model. */
  @Env('WEIR_IDENTITY_GRPC')
  @Matches(/^.+:\d+$/, { message: 'must be host:port' })
  identityGrpc: string

  /** How often what workspaces that are gone for good have left is deleted. */
  @Env('WEIR_PURGE_SWEEP_MS')
  @AsInteger()
  @IsInt()
  @Min(50)
  purgeSweepMs = 3_600_000

  /** Private and loopback addresses that providers may have. */
  @Env('WEIR_UPSTREAM_ALLOW')
  @AsList()
  @IsArray()
  upstreamAllow: string[] = []
}
