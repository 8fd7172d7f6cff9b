import { ConfigError } from '@weir/config'
import { type OrganizationRole, organizationRoles, type WorkspaceRole, workspaceRoles } from '@weir/http'
import type { IdentityConfig } from '../../config.js'

/** The role that members of a group have; `workspace` (id or name) undefined: in the organization. */
export type GroupRole =
  | { group: string; workspace?: undefined; role: OrganizationRole }
  | { group: string; workspace: string; role: WorkspaceRole }

/** What identity knows of its OpenID provider. */
export class OidcSettings {
  private constructor(
    readonly issuer: URL,
    readonly clientId: string,
    readonly clientSecret: string,
    readonly redirectUrl: string,
    /** `aud` of JWTs that management takes. */
    readonly audience: string,
    readonly groupsClaim: string,
    readonly groupRoles: readonly GroupRole[],
  ) {}

  /** Undefined when no provider is configured. Throws ConfigError with every mistake. */
  static from(config: OidcConfig): OidcSettings | undefined {
    const { oidcIssuer, oidcClientId, oidcClientSecret, oidcRedirectUrl, oidcAudience } = config
    const mistakes: string[] = []
    if (!oidcIssuer) {
      if (!oidcClientId && !oidcClientSecret && !oidcRedirectUrl) return undefined
      throw new ConfigError(['WEIR_OIDC_ISSUER is not set: the other settings of an OpenID provider need it'])
    }
    if (!oidcClientId) mistakes.push('WEIR_OIDC_CLIENT_ID is not set: WEIR_OIDC_ISSUER needs it')
    if (!oidcClientSecret) mistakes.push('WEIR_OIDC_CLIENT_SECRET is not set: WEIR_OIDC_ISSUER needs it')
    if (!oidcRedirectUrl) mistakes.push('WEIR_OIDC_REDIRECT_URL is not set: WEIR_OIDC_ISSUER needs it')
    const issuer = new URL(oidcIssuer)
    if (issuer.protocol !== 'https:' && !isLoopback(issuer))
      mistakes.push('WEIR_OIDC_ISSUER must be https, but for a provider on this machine')
    const roles = (config.oidcRoles ?? []).map(readGroupRole)
    for (const [index, role] of roles.entries())
      if (!role)
        mistakes.push(`WEIR_OIDC_ROLES has ${JSON.stringify(config.oidcRoles?.[index])}: ${roleSyntax}`)
    if (mistakes.length > 0 || !oidcClientId || !oidcClientSecret || !oidcRedirectUrl) {
      throw new ConfigError(mistakes)
    }
    return new OidcSettings(
      issuer,
      oidcClientId,
      oidcClientSecret,
      oidcRedirectUrl,
      oidcAudience ?? oidcClientId,
      config.oidcGroupsClaim ?? 'groups',
      roles.filter((role) => role !== undefined),
    )
  }

  /** Plain http is for tests and trials: nobody is between this process and that address. */
  get isInsecure(): boolean {
    return this.issuer.protocol === 'http:'
  }
}

/** The part of the configuration that is about the provider. */
export type OidcConfig = Pick<
  IdentityConfig,
  | ('oidcIssuer' | 'oidcClientId' | 'oidcClientSecret' | 'oidcRedirectUrl')
  | ('oidcAudience' | 'oidcGroupsClaim' | 'oidcRoles')
>

const roleSyntax = 'a group, =, then a role in the organization, or a workspace, a slash and a role in it'

function readGroupRole(text: string): GroupRole | undefined {
  const equals = text.lastIndexOf('=')
  const group = text.slice(0, Math.max(0, equals))
  const given = text.slice(equals + 1)
  if (group === '') return undefined
  const slash = given.lastIndexOf('/')
  const [workspace, role] = slash < 0 ? [undefined, given] : [given.slice(0, slash), given.slice(slash + 1)]
  if (workspace === undefined) {
    const known = organizationRoles.find((name) => name === role)
    return known && { group, role: known }
  }
  const known = workspaceRoles.find((name) => name === role)
  return known && workspace !== '' ? { group, workspace, role: known } : undefined
}

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
