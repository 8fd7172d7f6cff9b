import { ConfigError } from '@weir/config'
import type { GatewayConfig } from '../config.js'

/** Whose JWTs inference takes, and which of their claims say what. */
export interface JwtSettings {
  issuer: URL
  audience: string
  workspaceClaim: string
  teamClaim: string
  workloadClaim: string
  /** Only of users who are members of the workspace; otherwise also of subjects that are no users. */
  requiresUser: boolean
}

/** The part of the configuration that is about JWTs. */
export type JwtConfig = Pick<
  GatewayConfig,
  | ('oidcIssuer' | 'oidcClientId' | 'oidcAudience' | 'jwtRequiresUser')
  | ('jwtWorkspaceClaim' | 'jwtTeamClaim' | 'jwtWorkloadClaim')
>

/** Undefined when no issuer is configured. Throws ConfigError with every mistake. */
export function readJwtSettings(config: JwtConfig): JwtSettings | undefined {
  const { oidcIssuer, oidcClientId, oidcAudience } = config
  if (!oidcIssuer) return undefined
  const mistakes: string[] = []
  const audience = oidcAudience ?? oidcClientId
  if (!audience)
    mistakes.push(
      'WEIR_OIDC_AUDIENCE is not set, nor WEIR_OIDC_CLIENT_ID: WEIR_OIDC_ISSUER needs one of them',
    )
  const issuer = new URL(oidcIssuer)
  if (!isSafe(issuer)) mistakes.push('WEIR_OIDC_ISSUER must be https, but for a provider on this machine')
  if (mistakes.length > 0 || !audience) throw new ConfigError(mistakes)
  return {
    ...{ issuer, audience, requiresUser: config.jwtRequiresUser },
    workspaceClaim: config.jwtWorkspaceClaim,
    teamClaim: config.jwtTeamClaim,
    workloadClaim: config.jwtWorkloadClaim,
  }
}

/** Whether keys may be fetched from there: what others could read and change on the way proves nothing. */
export const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
