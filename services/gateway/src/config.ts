import { AsBoolean, AsInteger, AsList, Env, ServiceConfig } from '@weir/config'
import { IsArray, IsBoolean, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator'

const address = /^[^:\s]+:\d+$/
const origin = /^https?:\/\/[^/\s]+$/

/** The gateway's configuration; docs in services/gateway/README.md. */
export class GatewayConfig extends ServiceConfig {
  /** The public port. */
  @Env('WEIR_PORT')
  @AsInteger()
  @IsInt()
  @Min(0)
  @Max(65535)
  port = 4000

  /** Several gateways share the public port (SO_REUSEPORT, Linux). */
  @Env('WEIR_REUSE_PORT')
  @AsBoolean()
  @IsBoolean()
  reusePort = false

  /** Folder of the journal and of the last snapshot; must outlive the process. */
  @Env('WEIR_DATA_DIR')
  @IsString()
  dataDir: string

  @Env('WEIR_ENCRYPTION_KEYS', { secret: true })
  @IsString()
  encryptionKeys: string

  /** Pepper of the virtual keys' hashes, base64 of 32 bytes. */
  @Env('WEIR_KEY_PEPPER', { secret: true })
  @Matches(/^[A-Za-z0-9+/_-]{43}=?$/)
  keyPepper: string

  @Env('WEIR_BUS_DATABASE_URL', { secret: true })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//)
  busDatabaseUrl?: string

  @Env('WEIR_DATABASE_URL', { secret: true })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//)
  databaseUrl?: string

  @Env('WEIR_KAFKA_BROKERS')
  @AsList()
  @IsOptional()
  @IsArray()
  @Matches(/^[^:]+:\d+$/, { each: true })
  kafkaBrokers?: string[]

  @Env('WEIR_IDENTITY_GRPC')
  @Matches(address)
  identityGrpc: string

  @Env('WEIR_CATALOG_GRPC')
  @Matches(address)
  catalogGrpc: string

  @Env('WEIR_POLICY_GRPC')
  @Matches(address)
  policyGrpc: string

  /** Where REST is forwarded to; absent: an ingress does it. */
  @Env('WEIR_IDENTITY_HTTP')
  @IsOptional()
  @Matches(origin)
  identityHttp?: string

  @Env('WEIR_CATALOG_HTTP')
  @IsOptional()
  @Matches(origin)
  catalogHttp?: string

  @Env('WEIR_POLICY_HTTP')
  @IsOptional()
  @Matches(origin)
  policyHttp?: string

  @Env('WEIR_METERING_HTTP')
  @IsOptional()
  @Matches(origin)
  meteringHttp?: string

  @Env('WEIR_AGGREGATOR_HTTP')
  @IsOptional()
  @Matches(origin)
  aggregatorHttp?: string

  /** Private and loopback addresses that providers may have. */
  @Env('WEIR_UPSTREAM_ALLOW')
  @AsList()
  @IsArray()
  upstreamAllow: string[] = []

  /** Proxies whose `x-forwarded-for` is believed, for keys that are limited to networks. */
  @Env('WEIR_TRUSTED_PROXIES')
  @AsList()
  @IsArray()
  @Matches(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, { each: true, message: 'must be networks such as 10.0.0.0/8' })
  trustedProxies: string[] = []

  @Env('WEIR_MAX_BODY_BYTES')
  @AsInteger()
  @IsInt()
  @Min(1024)
  maxBodyBytes = 25 * 1024 * 1024

  /** Longest reply that is held whole, of a call that is not streamed. */
  @Env('WEIR_MAX_REPLY_BYTES')
  @AsInteger()
  @IsInt()
  @Min(1024)
  maxReplyBytes = 64 * 1024 * 1024

  @Env('WEIR_CONNECT_TIMEOUT_MS')
  @AsInteger()
  @IsInt()
  @Min(100)
  connectTimeoutMs = 5_000

  /** From the call to the first byte of the answer. */
  @Env('WEIR_FIRST_BYTE_TIMEOUT_MS')
  @AsInteger()
  @IsInt()
  @Min(100)
  firstByteTimeoutMs = 300_000

  /** Between two chunks of an answer. */
  @Env('WEIR_IDLE_TIMEOUT_MS')
  @AsInteger()
  @IsInt()
  @Min(100)
  idleTimeoutMs = 60_000

  /** Age of the snapshot from which on requests are refused; 0: never. */
  @Env('WEIR_SNAPSHOT_MAX_AGE_MS')
  @AsInteger()
  @IsInt()
  @Min(0)
  snapshotMaxAgeMs = 0

  /** Virtual keys that identity may be asked for, per second, because no snapshot has them. */
  @Env('WEIR_KEY_LOOKUPS_PER_SECOND')
  @AsInteger()
  @IsInt()
  @Min(1)
  keyLookupsPerSecond = 50

  /** Issuer whose JWTs inference takes; absent: none. */
  @Env('WEIR_OIDC_ISSUER')
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  oidcIssuer?: string

  @Env('WEIR_OIDC_CLIENT_ID')
  @IsOptional()
  @IsString()
  oidcClientId?: string

  /** `aud` of JWTs; absent: the client id. */
  @Env('WEIR_OIDC_AUDIENCE')
  @IsOptional()
  @IsString()
  oidcAudience?: string

  /** Claim of a JWT with its workspace, by id or name. */
  @Env('WEIR_JWT_WORKSPACE_CLAIM')
  @IsString()
  jwtWorkspaceClaim = 'weir_workspace'

  /** Claim of a JWT with the team that pays. */
  @Env('WEIR_JWT_TEAM_CLAIM')
  @IsString()
  jwtTeamClaim = 'weir_team'

  /** Claim of a JWT with its workload. */
  @Env('WEIR_JWT_WORKLOAD_CLAIM')
  @IsString()
  jwtWorkloadClaim = 'weir_workload'

  /** JWTs are taken only of users who are members of the workspace. */
  @Env('WEIR_JWT_REQUIRE_USER')
  @AsBoolean()
  @IsBoolean()
  jwtRequiresUser = false

  /** Output tokens that are held, and asked for at most, where a budget applies and the request has no limit. */
  @Env('WEIR_DEFAULT_MAX_OUTPUT_TOKENS')
  @AsInteger()
  @IsInt()
  @Min(1)
  defaultMaxOutputTokens = 16_384

  /** Memory that the response cache may take. */
  @Env('WEIR_CACHE_BYTES')
  @AsInteger()
  @IsInt()
  @Min(0)
  cacheBytes = 64 * 1024 * 1024

  /** A store of Valkey or Redis that gateways share; absent: each keeps answers for itself. */
  @Env('WEIR_CACHE_URL', { secret: true })
  @IsOptional()
  @Matches(/^(redis|valkey)s?:\/\/\S+$/)
  cacheUrl?: string

  /** Disk that answers to requests with an Idempotency-Key may take. */
  @Env('WEIR_IDEMPOTENCY_BYTES')
  @AsInteger()
  @IsInt()
  @Min(0)
  idempotencyBytes = 256 * 1024 * 1024

  /** How long streams may go on after SIGTERM. */
  @Env('WEIR_DRAIN_MS')
  @AsInteger()
  @IsInt()
  @Min(0)
  drainMs = 10_000
}
