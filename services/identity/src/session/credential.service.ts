import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { AppError } from '@weir/errors'
import {
  isPossibleCredential,
  managementRefusal,
  type OrganizationRole,
  type Principal,
  type WorkspaceRole,
} from '@weir/http'
import { DataSource, MoreThan } from 'typeorm'
import { isAtLeast, roleIn } from '../role/rank.js'
import { OidcService } from '../sign-in/oidc/oidc.service.js'
import { KeyPepper } from '../virtual-key/key-pepper.js'
import { noteManagementUse } from '../virtual-key/management-use.js'
import { VirtualKey } from '../virtual-key/virtual-key.entity.js'
import { hashSession } from './session.service.js'

/** Why a credential that is known is not good. */
export interface Refusal {
  code: 'key_disabled' | 'key_expired' | 'endpoint_not_allowed'
  /** What the code's message needs. */
  parameters: Record<string, string>
}

/** A session with all that its owner may do. */
interface SessionRow {
  id: string
  organization: string
  userId: string | null
  userName: string | null
  userRoles: OrganizationRole[] | null
  memberRoles: Record<string, WorkspaceRole> | null
  accountId: string | null
  accountName: string | null
  accountRoles: OrganizationRole[] | null
  accountWorkspaceRoles: Record<string, WorkspaceRole> | null
}

const memberRoles = (user: string) =>
  `(SELECT json_object_agg(m.workspace, m.role) FROM member m WHERE m.user_id = ${user})`

const sessionSql = `
  SELECT s.id, s.organization,
    u.id AS "userId", u.email AS "userName", u.organization_roles AS "userRoles",
    ${memberRoles('u.id')} AS "memberRoles",
    a.id AS "accountId", a.name AS "accountName", a.organization_roles AS "accountRoles",
    a.workspace_roles AS "accountWorkspaceRoles"
  FROM session s
  LEFT JOIN app_user u ON u.id = s.user_id
  LEFT JOIN service_account a ON a.id = s.service_account
  WHERE s.hash = $1 AND s.expires_at > now() AND NOT coalesce(u.disabled, a.disabled)`

const grantSql = `
  SELECT g.role, g.made_by AS "madeBy", u.id AS "makerId", u.organization_roles AS "makerRoles",
    coalesce(u.disabled, false) AS "makerIsDisabled", ${memberRoles('u.id')} AS "makerMemberRoles"
  FROM management_grant g LEFT JOIN app_user u ON u.id = g.made_by
  WHERE g.key = $1`

/** What a virtual key manages with, and what its maker may do now. */
interface GrantRow {
  role: WorkspaceRole
  madeBy: string
  makerId: string | null
  makerRoles: OrganizationRole[] | null
  makerIsDisabled: boolean
  makerMemberRoles: Record<string, WorkspaceRole> | null
}

const rolesOf = (roles: Record<string, WorkspaceRole> | null): Map<string, WorkspaceRole> =>
  new Map(Object.entries<WorkspaceRole>(roles ?? {}))

/** Finds out whose a credential is and what its owner may do, from the database and as it is now. */
@Injectable()
export class CredentialService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly pepper: KeyPepper,
    private readonly oidc: OidcService,
  ) {}

  /** Undefined for one that is unknown. Throws the refusal of one that is known and not good. */
  async check(credential: string): Promise<Principal | undefined> {
    const found = await this.find(credential)
    if (found === undefined || 'kind' in found) return found
    throw AppError.of(found.code, found.parameters)
  }

  /** Whose it is, why it is refused, or undefined when it is unknown. */
  async find(credential: string): Promise<Principal | Refusal | undefined> {
    if (!isPossibleCredential(credential)) return undefined
    return asService('credential', () => {
      if (credential.startsWith('vk_')) return this.checkVirtualKey(credential)
      return credential.startsWith('eyJ') ? this.oidc.check(credential) : this.checkSession(credential)
    })
  }

  private async checkSession(value: string): Promise<Principal | undefined> {
    const [row] = await this.dataSource.query<SessionRow[]>(sessionSql, [hashSession(value)])
    if (!row) return undefined
    const isUser = row.userId !== null
    return {
      kind: isUser ? 'user' : 'service',
      id: row.userId ?? row.accountId ?? '',
      name: row.userName ?? row.accountName ?? '',
      organization: row.organization,
      organizationRoles: row.userRoles ?? row.accountRoles ?? [],
      workspaceRoles: rolesOf(isUser ? row.memberRoles : row.accountWorkspaceRoles),
      credential: row.id,
    }
  }

  /** A key manages its own workspace, and never with more than its maker could now. */
  private async checkVirtualKey(value: string): Promise<Principal | Refusal | undefined> {
    const hash = this.pepper.hash(value)
    const key = await this.dataSource.manager.findOneBy(VirtualKey, [
      { hash },
      { previousHash: hash, previousUntil: MoreThan(new Date()) },
    ])
    if (!key) return undefined
    const { id, organization, name, workspace, type, disabled, expiresAt } = key
    if (disabled) return { code: 'key_disabled', parameters: { key: id } }
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      return { code: 'key_expired', parameters: { expiresAt: expiresAt.toISOString() } }
    }
    const [grant] = await this.dataSource.query<GrantRow[]>(grantSql, [id])
    if (type === 'llm' || !grant) return { code: 'endpoint_not_allowed', parameters: managementRefusal }
    await noteManagementUse(this.dataSource.manager, key)
    const role = boundedRole(grant, workspace)
    return {
      kind: 'management_key',
      ...{ id, name, organization, credential: id },
      organizationRoles: [],
      workspaceRoles: new Map(role ? [[workspace, role]] : []),
      ...(key.sourceNetworks && { sourceNetworks: key.sourceNetworks }),
    }
  }
}

/** A maker who is gone no longer bounds the key: service keys outlive their maker. */
function boundedRole(grant: GrantRow, workspace: string): WorkspaceRole | undefined {
  if (grant.makerId === null) return grant.role
  if (grant.makerIsDisabled) return undefined
  const makers = roleIn(
    { organizationRoles: grant.makerRoles ?? [], workspaceRoles: rolesOf(grant.makerMemberRoles) },
    workspace,
  )
  if (!makers) return undefined
  return isAtLeast(makers, grant.role) ? grant.role : makers
}
