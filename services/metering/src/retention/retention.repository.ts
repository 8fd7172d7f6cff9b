import type { identityV1 } from '@weir/contracts'
import type { DataSource } from 'typeorm'

/** So many at once, that nobody waits for it. */
const atOnce = 5_000

/** The retention of every workspace that has one or had one when it was deleted. */
export function listRetentions(dataSource: DataSource): Promise<identityV1.Retention[]> {
  return dataSource.query<identityV1.Retention[]>(
    `SELECT organization, workspace, days FROM retention ORDER BY workspace`,
  )
}

/**
 * Remembers what identity has told: all that there are. One that is not told any more is kept when its
 * workspace is gone for good, which nobody can set any more, and forgotten when it was removed.
 */
export async function rememberRetentions(
  dataSource: DataSource,
  { retentions, there }: { retentions: identityV1.Retention[]; there: string[] },
): Promise<void> {
  await dataSource.query(
    `WITH told AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::integer[]) AS t (organization, workspace, days)
     ), forgotten AS (
       DELETE FROM retention r WHERE r.workspace = ANY ($4::text[])
         AND NOT EXISTS (SELECT FROM told WHERE told.workspace = r.workspace)
     )
     INSERT INTO retention (organization, workspace, days) SELECT * FROM told
     ON CONFLICT (workspace) DO UPDATE SET days = EXCLUDED.days`,
    [
      retentions.map(({ organization }) => organization),
      retentions.map(({ workspace }) => workspace),
      retentions.map(({ days }) => days),
      there,
    ],
  )
}
