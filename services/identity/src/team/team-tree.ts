import { AppError, invalidFields } from '@weir/errors'
import type { Caller } from '@weir/http'
import type { EntityManager } from 'typeorm'

const maxDepth = 10

/** The ids of a team and of all above it, from itself up. */
export async function ancestry(manager: EntityManager, caller: Caller, team: string): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `WITH RECURSIVE line (id, parent, height) AS (
       SELECT id, parent, 0 FROM team WHERE id = $1 AND organization = $2
       UNION ALL
       SELECT above.id, above.parent, height + 1 FROM line JOIN team above ON above.id = line.parent
     ) CYCLE id SET is_cycle USING path
     SELECT id FROM line WHERE NOT is_cycle ORDER BY height`,
    [team, caller.organization],
  )
  return rows.map(({ id }) => id)
}

/** How many levels a team and the teams below it have. */
async function height(manager: EntityManager, team: string): Promise<number> {
  const [row] = await manager.query<{ height: number }[]>(
    `WITH RECURSIVE tree (id, height) AS (
       SELECT id, 1 FROM team WHERE id = $1
       UNION ALL
       SELECT below.id, height + 1 FROM tree JOIN team below ON below.parent = tree.id
     ) CYCLE id SET is_cycle USING path
     SELECT max(height)::integer AS height FROM tree`,
    [team],
  )
  return row?.height ?? 1
}

/**
 * Makes sure that a team may stand below another: that one exists, is not below the team itself,
 * and the line does not get too long. Changes of the tree wait for each other until they commit,
 * since two that are each sound can make a circle together.
 */
export async function checkParent(
  manager: EntityManager,
  caller: Caller,
  { team, parent }: { team: string; parent: string },
): Promise<void> {
  await manager.query(`SELECT id FROM organization WHERE id = $1 FOR NO KEY UPDATE`, [caller.organization])
  const line = await ancestry(manager, caller, parent)
  if (parent === team || line.includes(team)) {
    throw invalidFields([{ field: 'parent', message: `"${parent}" is "${team}" itself or stands below it` }])
  }
  if (line.length === 0) throw AppError.of('team_not_found', { team: parent }, { param: 'parent' })
  if (line.length + (await height(manager, team)) > maxDepth) {
    throw invalidFields([
      { field: 'parent', message: `there would be more than ${maxDepth} levels of teams` },
    ])
  }
}
