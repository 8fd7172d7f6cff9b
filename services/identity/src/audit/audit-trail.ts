import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import { PoisonedMessage, type EventBatch } from '@weir/bus'
import type { ActionRecorded } from '@weir/contracts'
import { eventTimeMs, savePositions } from '@weir/database'
import { DataSource, type EntityManager } from 'typeorm'
import { type AuditEntry, hashEntry, toContent } from './audit-entry.js'
import { append, findRecorded, lockHead } from './audit.repository.js'

/** Consumer group of the audit trail. */
export const auditGroup = 'identity-audit'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An index of PostgreSQL takes rows of at most 2,704 bytes. */
const maxTextBytes = 1_000

/** Adds what every service reports to the trail, each event once, each entry chained to the one before. */
@Injectable()
export class AuditTrail {
  constructor(private readonly dataSource: DataSource) {}

  /** Adds a batch and its position in one transaction; it comes again when that fails. */
  async add({ topic, partition, events }: EventBatch<ActionRecorded>): Promise<void> {
    for (const { event, message } of events) {
      const mistake = mistakeOf(event)
      if (mistake) throw new PoisonedMessage(message, mistake)
    }
    const nextOffset = (events.at(-1)?.message.offset ?? -1n) + 1n
    await asService('audit-trail', () =>
      this.dataSource.transaction(async (manager) => {
        const byOrganization = Map.groupBy(
          events.map(({ event }) => event),
          ({ organization }) => organization,
        )
        // In one order, so that two consumers never wait for one another.
        for (const [organization, ofOne] of [...byOrganization].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
          await this.chain(manager, organization, ofOne)
        }
        await savePositions(manager, auditGroup, topic, [{ partition, nextOffset }])
      }),
    )
  }

  private async chain(manager: EntityManager, organization: string, events: ActionRecorded[]): Promise<void> {
    let { sequence, hash } = await lockHead(manager, organization)
    const recorded = await findRecorded(
      manager,
      events.map(({ eventId }) => eventId),
    )
    const recordedAt = new Date()
    const entries: AuditEntry[] = []
    for (const event of events) {
      if (recorded.has(event.eventId)) continue
      recorded.add(event.eventId)
      const content = toContent(event, ++sequence, recordedAt)
      const entry = { ...content, previous_hash: hash, hash: hashEntry(content, hash) }
      entries.push(entry)
      hash = entry.hash
    }
    await append(manager, organization, entries)
  }
}

/** Why the database could not hold an event; it would fail each time that it came, and hold up those behind it. */
function mistakeOf(event: ActionRecorded): string | undefined {
  if (!uuid.test(event.eventId)) return 'event_id is not a UUID in lower case'
  for (const [field, value] of Object.entries(event) as [string, unknown][]) {
    if (typeof value !== 'string') continue
    // What PostgreSQL would store as another text would not fit its hash any more.
    if (value.includes('\0') || !value.isWellFormed()) return `${field} is no text that a database can hold`
    const isContent = field === 'before' || field === 'after'
    if (!isContent && Buffer.byteLength(value) > maxTextBytes)
      return `${field} is longer than ${maxTextBytes} bytes`
  }
  try {
    eventTimeMs('occurred_at', event.occurredAt)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
