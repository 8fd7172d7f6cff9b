import type { EntityManager } from 'typeorm'
import type { VirtualKey } from './virtual-key.entity.js'

const notedEveryMs = 30_000

/** Notes that a virtual key manages, at most twice a minute: what gateways tell is of calls of models alone. */
export async function noteManagementUse(
  manager: EntityManager,
  { id, lastUsedAt }: Pick<VirtualKey, 'id' | 'lastUsedAt'>,
): Promise<void> {
  if (lastUsedAt && Date.now() - lastUsedAt.getTime() < notedEveryMs) return
  await manager.query(
    `UPDATE virtual_key SET last_used_at = now()
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now())`,
    [id],
  )
}
