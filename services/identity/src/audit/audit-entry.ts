import type { ActionRecorded } from '@weir/contracts'
import { createHash } from 'node:crypto'

/** What an entry of the trail says, in the order in which it is hashed. Names are those of the columns. */
export interface AuditContent {
  organization: string
  /** Dense within an organization, from 1. */
  sequence: string
  event_id: string
  occurred_at: Date
  recorded_at: Date
  workspace: string
  service: string
  actor_kind: string
  actor_id: string
  actor_name: string
  credential: string
  address: string
  request_id: string
  resource: string
  resource_id: string
  action: string
  outcome: string
  status: number
  error_code: string
  /** JSON; empty: none. */
  before: string
  /** JSON; empty: none. */
  after: string
  unrecorded: string
}

/** An entry with its place in the chain. */
export interface AuditEntry extends AuditContent {
  /** `hash` of the entry before; of the first, 32 zeros. */
  previous_hash: Buffer
  hash: Buffer
}

/** The hash before the first entry. */
export const noHash: Buffer = Buffer.alloc(32)

const fields: readonly (keyof AuditContent)[] = [
  ...([
    'organization',
    'sequence',
    'event_id',
    'occurred_at',
    'recorded_at',
    'workspace',
    'service',
  ] as const),
  ...(['actor_kind', 'actor_id', 'actor_name', 'credential', 'address', 'request_id'] as const),
  ...(['resource', 'resource_id', 'action', 'outcome', 'status', 'error_code'] as const),
  ...(['before', 'after', 'unrecorded'] as const),
]

/** SHA-256 of the hash before and of the content, as a JSON array of texts: no two contents are written alike. */
export function hashEntry(content: AuditContent, previous: Buffer): Buffer {
  const texts = fields.map((field) => {
    const value = content[field]
    return value instanceof Date ? value.toISOString() : String(value)
  })
  return createHash('sha256').update(previous).update(JSON.stringify(texts)).digest()
}

/** The entry that an event becomes. Throws TypeError when the database could not hold it. */
export function toContent(event: ActionRecorded, sequence: bigint, recordedAt: Date): AuditContent {
  return {
    organization: event.organization,
    sequence: String(sequence),
    event_id: event.eventId,
    occurred_at: new Date(event.occurredAt),
    recorded_at: recordedAt,
    workspace: event.workspace,
    service: event.service,
    actor_kind: event.actorKind,
    actor_id: event.actorId,
    actor_name: event.actorName,
    credential: event.credential,
    address: event.address,
    request_id: event.requestId,
    resource: event.resource,
    resource_id: event.resourceId,
    action: event.action,
    outcome: event.outcome,
    status: event.status,
    error_code: event.errorCode,
    before: event.before,
    after: event.after,
    unrecorded: String(event.unrecorded),
  }
}
