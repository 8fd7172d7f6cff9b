/** Roles in the whole organization: owner and admin manage everything, billing the money, auditor reads. */
export const organizationRoles = ['owner', 'admin', 'billing', 'auditor'] as const
export type OrganizationRole = (typeof organizationRoles)[number]

/** Roles in one workspace: member reads all and changes nothing, viewer reads without request contents. */
export const workspaceRoles = ['owner', 'admin', 'member', 'viewer'] as const
export type WorkspaceRole = (typeof workspaceRoles)[number]

/** `service`: an OAuth client; `management_key`: a virtual key of type management or default. */
export type PrincipalKind = 'master_key' | 'user' | 'service' | 'management_key'

/** Who makes a request, as authentication has found them; never what a request says of itself. */
export interface Principal {
  readonly kind: PrincipalKind
  /** `master_key`, `usr_…`, `svc_…` or `key_…`. */
  readonly id: string
  /** For people: an e-mail address or a name. */
  readonly name: string
  /** Organization id. */
  readonly organization: string
  readonly organizationRoles: readonly OrganizationRole[]
  /** By workspace id. */
  readonly workspaceRoles: ReadonlyMap<string, WorkspaceRole>
  /** The credential's id, never its value: `ses_…` of a session, `key_…` of a key. */
  readonly credential: string
  /** Networks that the credential may be used from; absent: anywhere. */
  readonly sourceNetworks?: readonly string[]
}

/** On whose behalf a request is made. The first parameter of every rule of a service. */
export interface Caller {
  /** Organization id; everything that the caller sees and makes belongs to it. */
  readonly organization: string
  /** Who it is; absent where a service acts on its own. */
  readonly principal?: Principal
  /** Workspaces that the caller may see; absent: all of the organization. */
  readonly visible?: readonly string[]
  /** Workspaces in which the caller may do what the route does; absent: all, and what belongs to none. */
  readonly permitted?: readonly string[]
}

/** The master key: owner of an organization. */
export function masterKeyPrincipal(organization: string): Principal {
  return {
    ...{ kind: 'master_key', id: 'master_key', name: 'master key', credential: 'master_key' },
    organization,
    organizationRoles: ['owner'],
    workspaceRoles: new Map(),
  }
}
