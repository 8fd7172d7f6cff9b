import { AsInteger, AsList, Env, RestConfig } from '@weir/config'
import { IsArray, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator'

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

  /** Where policy is asked how the budgets of a virtual key stand. */
  @Env('WEIR_POLICY_GRPC')
  @Matches(/^.+:\d+$/, { message: 'must be host:port' })
  policyGrpc: string

  /** Issuer of an OpenID provider through which users sign in, and whose JWTs management takes. */
  @Env('WEIR_OIDC_ISSUER')
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  oidcIssuer?: string

  @Env('WEIR_OIDC_CLIENT_ID')
  @IsOptional()
  @IsString()
  oidcClientId?: string

  @Env('WEIR_OIDC_CLIENT_SECRET', { secret: true })
  @IsOptional()
  @IsString()
  oidcClientSecret?: string

  /** Public URL of /v1/sessions/oidc/callback, as the provider knows it. */
  @Env('WEIR_OIDC_REDIRECT_URL')
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  oidcRedirectUrl?: string

  /** `aud` of JWTs; absent: the client id. */
  @Env('WEIR_OIDC_AUDIENCE')
  @IsOptional()
  @IsString()
  oidcAudience?: string

  /** Claim that lists a user's groups; absent: `groups`. */
  @Env('WEIR_OIDC_GROUPS_CLAIM')
  @IsOptional()
  @IsString()
  oidcGroupsClaim?: string

  /** Roles of groups: `admins=admin,ml=production/member`. */
  @Env('WEIR_OIDC_ROLES')
  @AsList()
  @IsOptional()
  @IsArray()
  oidcRoles?: string[]
}
