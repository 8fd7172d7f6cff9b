import { Injectable } from '@nestjs/common'
import { inOrganization } from '@weir/audit'
import { BoundedReads } from '@weir/database'
import { type Caller, Conditions, decodeCursor, invalidCursor, parseMoment, toPage } from '@weir/http'
import { type AuditEntry, hashEntry, noHash } from './audit-entry.js'
import { type AuditPage, type AuditQuery, type AuditVerification, toResponse } from './audit.dto.js'
import { findHead, readAfter } from './audit.repository.js'

const verifiedAtOnce = 2_000
const exportedAtOnce = 1_000

/** Reads the audit trail; nothing here changes it. */
@Injectable()
export class AuditService {
  constructor(private readonly reads: BoundedReads) {}

  async list(caller: Caller, query: AuditQuery): Promise<AuditPage> {
    const { limit, cursor } = query
    const rows = await this.read(
      caller,
      query,
      cursor === undefined ? undefined : readCursor(cursor),
      limit + 1,
    )
    return toPage(rows, { limit, cursor: ({ sequence }) => [sequence], toResponse })
  }

  /** Every entry that the query asks for, as JSON lines, newest first; read as fast as they are taken. */
  async *export(caller: Caller, query: AuditQuery): AsyncGenerator<string> {
    let before: string | undefined
    for (;;) {
      // A stream is read in nobody's scope.
      const rows = await inOrganization(caller.organization, () =>
        this.read(caller, query, before, exportedAtOnce),
      )
      if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(toResponse(row))}\n`).join('')
      if (rows.length < exportedAtOnce) return
      before = rows.at(-1)?.sequence
    }
  }

  /** Walks the whole chain; it grows meanwhile, and is walked as far as it went at the start. */
  async verify({ organization }: Caller): Promise<AuditVerification> {
    const head = await this.reads.run((manager) => findHead(manager, organization))
    let hash = noHash
    let sequence = 0n
    const result = (broken: AuditVerification['broken']): AuditVerification => ({
      object: 'audit_verification',
      ...{ valid: broken === null, entries: Number(sequence), hash: hash.toString('hex'), broken },
    })
    while (sequence < head.sequence) {
      const rows = await this.reads.run((manager) =>
        readAfter(manager, organization, String(sequence), verifiedAtOnce),
      )
      if (rows.length === 0) return result({ sequence: Number(sequence + 1n), id: null, reason: 'missing' })
      for (const row of rows) {
        const reason = findFault(row, sequence + 1n, hash)
        if (reason === 'missing') return result({ sequence: Number(sequence + 1n), id: null, reason })
        if (reason) return result({ sequence: Number(sequence + 1n), id: row.event_id, reason })
        sequence++
        hash = row.hash
        if (sequence === head.sequence && !hash.equals(head.hash)) {
          sequence--
          return result({ sequence: Number(sequence + 1n), id: row.event_id, reason: 'altered' })
        }
      }
    }
    return result(null)
  }

  private read(
    { organization }: Caller,
    { start, end, actor, action, resource, outcome }: AuditQuery,
    before: string | undefined,
    limit: number,
  ): Promise<AuditEntry[]> {
    const conditions = new Conditions()
    conditions.add(`organization = ${conditions.value(organization)}`)
    if (before !== undefined) conditions.add(`sequence < ${conditions.value(before)}`)
    const from = start === undefined ? undefined : parseMoment(start)
    const to = end === undefined ? undefined : parseMoment(end)
    if (from) conditions.add(`occurred_at >= ${conditions.value(from)}`)
    if (to) conditions.add(`occurred_at < ${conditions.value(to)}`)
    const oneOf = (values: string[] | undefined, columns: string[]) => {
      if (!values) return
      const list = `ANY(${conditions.value(values)}::text[])`
      conditions.add(`(${columns.map((column) => `${column} = ${list}`).join(' OR ')})`)
    }
    oneOf(actor, ['actor_id', 'actor_name', 'credential'])
    oneOf(action, ['action'])
    oneOf(resource, ['resource', 'resource_id'])
    oneOf(outcome, ['outcome'])
    return this.reads.run((manager) =>
      manager.query<AuditEntry[]>(
        `SELECT * FROM audit_entry WHERE ${conditions.toString()} ORDER BY sequence DESC LIMIT ${limit}`,
        conditions.values,
      ),
    )
  }
}

function findFault(
  entry: AuditEntry,
  sequence: bigint,
  previous: Buffer,
): 'missing' | 'altered' | 'out_of_place' | undefined {
  if (BigInt(entry.sequence) !== sequence) return 'missing'
  if (!entry.previous_hash.equals(previous)) return 'out_of_place'
  return hashEntry(entry, previous).equals(entry.hash) ? undefined : 'altered'
}

function readCursor(cursor: string): string {
  const [sequence = ''] = decodeCursor(cursor, 1)
  if (!/^\d{1,18}$/.test(sequence)) throw invalidCursor()
  return sequence
}
