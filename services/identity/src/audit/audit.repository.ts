import { type InsertColumn, insertRows } from '@weir/database'
import type { EntityManager } from 'typeorm'
import { type AuditEntry, noHash } from './audit-entry.js'

const texts = [
  ...([
    'organization',
    'workspace',
    'service',
    'actor_kind',
    'actor_id',
    'actor_name',
    'credential',
  ] as const),
  ...(['address', 'request_id', 'resource', 'resource_id', 'action', 'outcome', 'error_code'] as const),
  ...(['before', 'after'] as const),
]

const columns: InsertColumn<AuditEntry>[] = [
  { name: 'sequence', type: 'bigint', value: ({ sequence }) => sequence },
  { name: 'event_id', type: 'uuid', value: (entry) => entry.event_id },
  { name: 'occurred_at', type: 'timestamptz', value: (entry) => entry.occurred_at.toISOString() },
  { name: 'recorded_at', type: 'timestamptz', value: (entry) => entry.recorded_at.toISOString() },
  { name: 'status', type: 'integer', value: ({ status }) => status },
  { name: 'unrecorded', type: 'bigint', value: ({ unrecorded }) => unrecorded },
  { name: 'previous_hash', type: 'bytea', value: (entry) => entry.previous_hash },
  { name: 'hash', type: 'bytea', value: ({ hash }) => hash },
  ...texts.map((name) => ({ name, type: 'text', value: (entry: AuditEntry) => entry[name] })),
]

/** The end of an organization's chain. */
export interface AuditHead {
  sequence: bigint
  hash: Buffer
}

/** The end of the chain, locked until the transaction ends: entries are added one after the other. */
export async function lockHead(manager: EntityManager, organization: string): Promise<AuditHead> {
  await manager.query(
    `INSERT INTO audit_head (organization, sequence, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING`,
    [organization, noHash],
  )
  const [head] = await manager.query<{ sequence: string; hash: Buffer }[]>(
    `SELECT sequence, hash FROM audit_head WHERE organization = $1 FOR UPDATE`,
    [organization],
  )
  if (!head) throw new Error('The end of the audit trail is missing.')
  return { sequence: BigInt(head.sequence), hash: head.hash }
}

export async function findHead(manager: EntityManager, organization: string): Promise<AuditHead> {
  const [head] = await manager.query<{ sequence: string; hash: Buffer }[]>(
    `SELECT sequence, hash FROM audit_head WHERE organization = $1`,
    [organization],
  )
  return head ? { sequence: BigInt(head.sequence), hash: head.hash } : { sequence: 0n, hash: noHash }
}

/** Of these events, those that are on the trail. */
export async function findRecorded(manager: EntityManager, eventIds: string[]): Promise<Set<string>> {
  const rows = await manager.query<{ event_id: string }[]>(
    `SELECT event_id FROM audit_entry WHERE event_id = ANY($1::uuid[])`,
    [eventIds],
  )
  return new Set(rows.map((row) => row.event_id))
}

/** Adds entries and moves the end of the chain to the last. */
export async function append(
  manager: EntityManager,
  organization: string,
  entries: AuditEntry[],
): Promise<void> {
  const last = entries.at(-1)
  if (!last) return
  const { insert, values } = insertRows('audit_entry', columns, entries)
  await manager.query(insert, values)
  await manager.query(`UPDATE audit_head SET sequence = $2, hash = $3 WHERE organization = $1`, [
    organization,
    last.sequence,
    last.hash,
  ])
}

/** The entries after one, in the order of the chain. */
export function readAfter(
  manager: EntityManager,
  organization: string,
  sequence: string,
  limit: number,
): Promise<AuditEntry[]> {
  return manager.query<AuditEntry[]>(
    `SELECT * FROM audit_entry WHERE organization = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
    [organization, sequence, limit],
  )
}
