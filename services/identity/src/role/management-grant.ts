import { permissionDenied, type Principal, type WorkspaceRole } from '@weir/http'
import type { EntityManager } from 'typeorm'
import { isAtLeast, refuseWiderRole, roleIn } from './rank.js'

/** A virtual key that may manage. */
interface ManagingKey {
  id: string
  organization: string
  workspace: string
}

/** Lets a virtual key manage its workspace with the role that its maker has there, never with more. */
export async function grantManagement(
  manager: EntityManager,
  principal: Principal | undefined,
  { id, organization, workspace }: ManagingKey,
): Promise<void> {
  const role = roleIn(principal, workspace)
  if (!principal || !role || !isAtLeast(role, 'admin')) throw permissionDenied('to let a key manage')
  await manager.query(
    `INSERT INTO management_grant (key, organization, workspace, role, made_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (key) DO NOTHING`,
    [id, organization, workspace, role, principal.id],
  )
}

/** Whoever may change or rotate a managing key could use it: nobody may who has less than the key. */
export async function refuseWiderKey(
  manager: EntityManager,
  principal: Principal | undefined,
  { id, workspace }: Pick<ManagingKey, 'id' | 'workspace'>,
): Promise<void> {
  const [grant] = await manager.query<{ role: WorkspaceRole }[]>(
    `SELECT role FROM management_grant WHERE key = $1`,
    [id],
  )
  if (grant) refuseWiderRole(principal, workspace, grant.role)
}
