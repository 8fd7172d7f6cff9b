import type { Principal, WorkspaceRole } from '@weir/http'
import type { EntityManager } from 'typeorm'
import { isAtLeast, roleIn } from '../role/rank.js'
import { ServiceAccount } from '../service-account/service-account.entity.js'
import { User } from '../user/user.entity.js'
import type { Invitation } from './invitation.entity.js'
import { Member } from './member.entity.js'

type Roles = Pick<Principal, 'organizationRoles' | 'workspaceRoles'>

/** Whether whoever has invited could still do so: who was removed, or has less by now, lets nobody in any more. */
export async function couldStillInvite(
  manager: EntityManager,
  { invitedBy, workspace, role }: Pick<Invitation, 'invitedBy' | 'workspace' | 'role'>,
): Promise<boolean> {
  if (invitedBy.startsWith('key_')) {
    const [grant] = await manager.query<{ role: WorkspaceRole; madeBy: string }[]>(
      `SELECT g.role, g.made_by AS "madeBy" FROM management_grant g JOIN virtual_key k ON k.id = g.key
       WHERE k.id = $1 AND k.workspace = $2 AND NOT k.disabled`,
      [invitedBy, workspace],
    )
    if (!grant || !isAtLeast(grant.role, role)) return false
    // A key outlives its maker, and is bounded by one who is there.
    const isBounded = await manager.existsBy(User, { id: grant.madeBy })
    return !isBounded || couldStillInvite(manager, { invitedBy: grant.madeBy, workspace, role })
  }
  const find = invitedBy.startsWith('usr_')
    ? rolesOfUser
    : invitedBy.startsWith('svc_')
      ? rolesOfService
      : undefined
  // The master key, and subjects of the issuer's tokens who are no users here.
  if (!find) return true
  const own = roleIn(await find(manager, invitedBy, workspace), workspace)
  return own !== undefined && isAtLeast(own, role)
}

async function rolesOfUser(
  manager: EntityManager,
  id: string,
  workspace: string,
): Promise<Roles | undefined> {
  const user = await manager.findOneBy(User, { id, disabled: false })
  const members = await manager.findBy(Member, { userId: id, workspace })
  const workspaceRoles = new Map(members.map((member) => [member.workspace, member.role]))
  return user ? { organizationRoles: user.organizationRoles, workspaceRoles } : undefined
}

async function rolesOfService(manager: EntityManager, id: string): Promise<Roles | undefined> {
  const account = await manager.findOneBy(ServiceAccount, { id, disabled: false })
  if (!account) return undefined
  const { organizationRoles, workspaceRoles } = account
  return { organizationRoles, workspaceRoles: new Map(Object.entries(workspaceRoles)) }
}
