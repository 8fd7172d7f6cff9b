import { policyChanged } from '@weir/contracts'
import type { ChangeMessage, VersionedChange } from '@weir/database'
import { currentTraceparent } from '@weir/observability'
import { randomUUID } from 'node:crypto'

/** The event that tells the bus of a change. */
export function toMessage(change: VersionedChange): ChangeMessage {
  const event = { eventId: randomUUID(), occurredAt: new Date().toISOString(), ...change }
  return { topic: policyChanged.topic, message: policyChanged.encode(event, 'policy', currentTraceparent()) }
}
