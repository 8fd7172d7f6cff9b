import type { identityV1 } from '@weir/contracts'
import type { DataSource } from 'typeorm'

/** So many at once, that nobody waits for it. */
const rowsAtOnce = 5_000

/** The retention of every workspace that has one, or had one when it was deleted for good. */
export function listRetentions(dataSource: DataSource): Promise<identityV1.Retention[]> {
  return dataSource.query<identityV1.Retention[]>(
    `SELECT organization, workspace, days FROM retention ORDER BY workspace`,
  )
}

export async function rememberRetentions(
  dataSource: DataSource,
  retentions: identityV1.Retention[],
): Promise<void> {
  await dataSource.query(
    `INSERT INTO retention (organization, workspace, days)
     SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])
     ON CONFLICT (workspace) DO UPDATE SET days = EXCLUDED.days WHERE retention.days <> EXCLUDED.days`,
    [
      retentions.map(({ organization }) => organization),
      retentions.map(({ workspace }) => workspace),
      retentions.map(({ days }) => days),
    ],
  )
}

export async function forgetRetentions(dataSource: DataSource, workspaces: string[]): Promise<void> {
  await dataSource.query(`DELETE FROM retention WHERE workspace = ANY ($1::text[])`, [workspaces])
}

/** Condition for rows of the ledger, as `entry`, that are not over the retention of their workspace. */
export const isKept = `entry.started_at >= coalesce(
  (SELECT now() - make_interval(days => r.days) FROM retention r WHERE r.workspace = entry.workspace), '-infinity')`

/**
 * For how long after it was rated a row stays, whatever the retention: by it an event that comes again is
 * known, and the bus keeps events for seven days.
 */
const copiesMayComeDays = 8

/** Deletes a part of what is over its retention, the oldest first, and says how many rows. */
export async function deleteRequests(
  dataSource: DataSource,
  { organization, workspace, days }: identityV1.Retention,
): Promise<number> {
  const [, count] = await dataSource.query<[unknown[], number]>(
    `DELETE FROM ledger WHERE event_id IN (
       SELECT event_id FROM ledger
       WHERE organization = $1 AND workspace = $2 AND started_at < now() - make_interval(days => $3)
         AND rated_at < now() - make_interval(days => $5)
       ORDER BY started_at LIMIT $4)`,
    [organization, workspace, days, rowsAtOnce, copiesMayComeDays],
  )
  return count
}
