import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger'
import { MomentField, PageOf, PageQuery, ValuesField } from '@weir/http'
import type { AuditEntry } from './audit-entry.js'

/** Which entries to show. */
export class AuditQuery extends PageQuery {
  @MomentField('First moment: RFC 3339, or a date (UTC). Default: the beginning of the trail.')
  start?: string

  @MomentField('The moment after the last: RFC 3339, or a date (UTC). Default: now.')
  end?: string

  @ValuesField('Only what this actor did: an id (`usr_…`, `key_…`, `master_key`), a name, or a credential.')
  actor?: string[]

  @ValuesField('Only this action: create, update, delete, or what a route says, such as rotate.')
  action?: string[]

  @ValuesField('Only this resource: its id, or a kind such as virtual_key or team.')
  resource?: string[]

  @ValuesField('Only entries with this outcome: done, refused, failed.')
  outcome?: string[]
}

const Text = (description: string): PropertyDecorator => ApiProperty({ type: String, description })
const OptionalText = (description: string, options: ApiPropertyOptions = {}): PropertyDecorator =>
  ApiProperty({ type: String, nullable: true, description, ...options })
const Content = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'object', additionalProperties: true, nullable: true, description })

/** One entry of the audit trail. */
export class AuditEntryResponse {
  @ApiProperty({ type: 'integer', description: 'Place on the trail: dense, from 1.' })
  sequence: number

  @Text('Unique id, a UUID; the `event_id` on the topic.')
  id: string

  @ApiProperty({ format: 'date-time', description: 'When it happened.' })
  occurred_at: string

  @ApiProperty({ format: 'date-time', description: 'When it was added to the trail.' })
  recorded_at: string

  @Text('Organization id.')
  organization: string

  @OptionalText('Workspace id of the resource; null: of none, or not known.')
  workspace: string | null

  @Text('Service that it was asked of.')
  service: string

  @Text(
    'master_key, user, service, management_key; anonymous: nobody was recognised; database: on the database itself.',
  )
  actor_kind: string

  @OptionalText('Id of the user, service account or key; what a service does on its own.')
  actor_id: string | null

  @OptionalText('E-mail address or name.')
  actor_name: string | null

  @OptionalText('Id of the credential, never its value.')
  credential: string | null

  @OptionalText('Network address that it came from.')
  address: string | null

  @OptionalText("The reply's `x-request-id`.")
  request_id: string | null

  @Text('Kind of the resource.')
  resource: string

  @OptionalText('Its id; of a refused attempt, as it was sent.')
  resource_id: string | null

  @Text('create, update, delete; of a refused attempt also what its route says.')
  action: string

  @ApiProperty({ enum: ['done', 'refused', 'failed'], description: 'How it ended.' })
  outcome: string

  @OptionalText('Status of the reply to what was not done.', { type: 'integer' })
  status: number | null

  @OptionalText('Code of the error that the caller saw.')
  error_code: string | null

  @Content('The resource before, without secrets; null: there was none, or nothing was done.')
  before: object | null

  @Content('The resource after, without secrets; null: there is none, or nothing was done.')
  after: object | null

  @ApiProperty({
    type: 'integer',
    description: 'How many attempts before this one are not on record, because there were too many.',
  })
  unrecorded: number

  @Text('SHA-256 of `previous_hash` and the entry, hexadecimal.')
  hash: string

  @Text('`hash` of the entry before; zeros before the first.')
  previous_hash: string
}

/** A page of the audit trail. */
export class AuditPage extends PageOf(AuditEntryResponse) {}

class BrokenEntry {
  @ApiProperty({ type: 'integer', description: 'Place of the first entry that is not as it was written.' })
  sequence: number

  @OptionalText('Its id; null: it is missing.')
  id: string | null

  @ApiProperty({
    enum: ['missing', 'altered', 'out_of_place'],
    description: 'altered: its content is another; out_of_place: it does not follow the entry before.',
  })
  reason: string
}

/** What a walk along the chain has found. */
export class AuditVerification {
  @ApiProperty({ enum: ['audit_verification'], description: 'Always `audit_verification`.' })
  object: 'audit_verification'

  @ApiProperty({ description: 'Every entry is as it was written, in its place, and none is missing.' })
  valid: boolean

  @ApiProperty({ type: 'integer', description: 'How many entries were found good.' })
  entries: number

  @Text('Hash of the last good entry: write it down elsewhere, and nobody can write the trail anew unseen.')
  hash: string

  @ApiProperty({ type: BrokenEntry, nullable: true, description: 'The first that is not; null: none.' })
  broken: BrokenEntry | null
}

/** What somebody has altered in the database may be no JSON any more, and is shown all the same. */
function parse(text: string): object | null {
  if (text === '') return null
  try {
    return JSON.parse(text) as object
  } catch {
    return { unreadable: text }
  }
}

export function toResponse(entry: AuditEntry): AuditEntryResponse {
  return {
    sequence: Number(entry.sequence),
    id: entry.event_id,
    occurred_at: entry.occurred_at.toISOString(),
    recorded_at: entry.recorded_at.toISOString(),
    organization: entry.organization,
    workspace: entry.workspace || null,
    service: entry.service,
    actor_kind: entry.actor_kind,
    actor_id: entry.actor_id || null,
    actor_name: entry.actor_name || null,
    credential: entry.credential || null,
    address: entry.address || null,
    request_id: entry.request_id || null,
    resource: entry.resource,
    resource_id: entry.resource_id || null,
    action: entry.action,
    outcome: entry.outcome,
    status: entry.status || null,
    error_code: entry.error_code || null,
    before: parse(entry.before),
    after: parse(entry.after),
    unrecorded: Number(entry.unrecorded),
    hash: entry.hash.toString('hex'),
    previous_hash: entry.previous_hash.toString('hex'),
  }
}
