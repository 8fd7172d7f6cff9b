import type { Change } from '@weir/database'
import type { EntityManager } from 'typeorm'

/** Whose personal keys; `workspace` absent: in all workspaces. */
interface Owner {
  organization: string
  user: string
  workspace?: string
}

type Changed = (change: Change) => void

/** Deletes the personal keys of a membership that ends, or of a user who goes: they die on every gateway. */
export async function deletePersonalKeys(
  manager: EntityManager,
  changed: Changed,
  { organization, user, workspace }: Owner,
): Promise<void> {
  const [rows] = await manager.query<[{ id: string }[], number]>(
    `DELETE FROM virtual_key
     WHERE organization = $1 AND owner = $2 AND ($3::text IS NULL OR workspace = $3) RETURNING id`,
    [organization, user, workspace ?? null],
  )
  for (const { id } of rows) changed({ organization, kind: 'virtual_key', id, action: 'deleted' })
}

/** Disables the personal keys of a user who may not sign in any more; enabling them again is a decision of its own. */
export async function disablePersonalKeys(
  manager: EntityManager,
  changed: Changed,
  { organization, user }: Owner,
): Promise<void> {
  const [rows] = await manager.query<[{ id: string }[], number]>(
    `UPDATE virtual_key SET disabled = true, updated_at = now()
     WHERE organization = $1 AND owner = $2 AND NOT disabled RETURNING id`,
    [organization, user],
  )
  for (const { id } of rows) changed({ organization, kind: 'virtual_key', id, action: 'updated' })
}
