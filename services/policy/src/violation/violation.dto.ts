import { ApiProperty } from '@nestjs/swagger'
import { MomentField, OptionalBody, PageQuery, TextField, ValuesField, WordField } from '@weir/http'
import { type Review, reviews, type Violation } from './violation.entity.js'

/** Which violations to show. */
export class ListViolationsQuery extends PageQuery {
  @MomentField('From when on. Left out: 30 days before `end`.')
  start?: string

  @MomentField('Until before when. Left out: now.')
  end?: string

  @ValuesField('Only of the policy with this id.')
  policy?: string[]

  @ValuesField('Only of policies in this mode: shadow, enforce.')
  mode?: string[]

  @ValuesField('Only with this action: log, alert, mask, block.')
  action?: string[]

  @ValuesField('Only of this risk: low, medium, high.')
  risk?: string[]

  @ValuesField('Only of this direction: input, output.')
  direction?: string[]

  @ValuesField('Only with this review: upheld, false_positive; empty: with none.')
  review?: string[]

  @ValuesField('Only what this detector found.')
  detector?: string[]

  @ValuesField('Only of the request with this id.')
  request_id?: string[]

  @ValuesField('Only of the workspace with this id.')
  workspace?: string[]

  @ValuesField('Only of the workload with this id; empty: of none.')
  workload?: string[]

  @ValuesField('Only of this team.')
  team?: string[]

  @ValuesField('Only of the virtual key with this id.')
  key?: string[]

  @ValuesField('Only of this model, by public name.')
  model?: string[]

  @ValuesField('Only of this provider, by name.')
  provider?: string[]
}

/** What somebody who looked at it says. */
@OptionalBody()
export class ReviewViolationDto {
  @WordField({
    description: 'What it was; null: nothing is said of it any more.',
    words: reviews,
    optional: true,
  })
  review?: Review | null

  @TextField({ description: 'Why.', maxLength: 1000, optional: true, example: 'A test number.' })
  note?: string | null
}

export class FindingResponse {
  @ApiProperty({ description: 'The detector that found it.', example: 'payment_card' })
  detector: string

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What exactly, where the detector tells kinds apart.',
    example: 'us_ssn',
  })
  kind: string | null

  @ApiProperty({
    description: 'Where the text stands in the document.',
    example: 'messages[1].content[0].text',
  })
  place: string

  @ApiProperty({ type: 'integer', description: 'Where it begins in that text, in UTF-16 units.' })
  start: number

  @ApiProperty({ type: 'integer', description: 'Where it is over.' })
  end: number

  @ApiProperty({ description: 'How sure the detector is, from 0 to 1.' })
  confidence: number
}

export class ViolationResponse {
  @ApiProperty({ description: 'Its id.', example: 'vio_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'When it was found.', format: 'date-time' })
  found_at: string

  @ApiProperty({ description: 'Policy id.' })
  policy: string

  @ApiProperty({ description: "The policy's name at that time." })
  policy_name: string

  @ApiProperty({ type: 'integer', description: "The policy's version at that time." })
  policy_version: number

  @ApiProperty({ type: String, description: '`shadow`: nothing was done.', enum: ['shadow', 'enforce'] })
  mode: string

  @ApiProperty({
    type: String,
    description: 'What the policy does.',
    enum: ['log', 'alert', 'mask', 'block'],
  })
  action: string

  @ApiProperty({ type: String, description: 'How bad it is.', enum: ['low', 'medium', 'high'] })
  risk: string

  @ApiProperty({ type: String, description: 'What was judged.', enum: ['input', 'output'] })
  direction: string

  @ApiProperty({ description: "The reply's `x-request-id`." })
  request_id: string

  @ApiProperty({ description: 'Workspace id.' })
  workspace: string

  @ApiProperty({ type: String, nullable: true, description: 'Workload id.' })
  workload: string | null

  @ApiProperty({ description: 'Team that pays.' })
  team: string

  @ApiProperty({ description: 'Virtual key id.' })
  virtual_key: string

  @ApiProperty({ description: 'Public name of the model that would be tried first.' })
  model: string

  @ApiProperty({ description: 'Name of its provider.' })
  provider: string

  @ApiProperty({ type: String, nullable: true, description: 'Name of the deployment that was called.' })
  deployment: string | null

  @ApiProperty({ type: String, nullable: true, description: 'Name of the repository that was called.' })
  repository: string | null

  @ApiProperty({ type: [String], description: 'The detectors that found something.' })
  detectors: string[]

  @ApiProperty({ type: 'integer', description: 'How much they found.' })
  finding_count: number

  @ApiProperty({ type: [FindingResponse], description: 'The first 50 findings; never the text itself.' })
  findings: FindingResponse[]

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What somebody said of it; null: nobody did.',
    enum: [...reviews, null],
  })
  review: Review | null

  @ApiProperty({ type: String, nullable: true, description: 'Why.' })
  review_note: string | null

  @ApiProperty({ type: String, nullable: true, description: 'Who said so.' })
  reviewed_by: string | null

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'When.' })
  reviewed_at: string | null
}

const orNull = (text: string): string | null => (text === '' ? null : text)

export function toResponse(violation: Violation): ViolationResponse {
  return {
    id: violation.id,
    found_at: violation.foundAt.toISOString(),
    policy: violation.policy,
    policy_name: violation.policyName,
    policy_version: violation.policyVersion,
    mode: violation.mode,
    action: violation.action,
    risk: violation.risk,
    direction: violation.direction,
    request_id: violation.requestId,
    workspace: violation.workspace,
    workload: orNull(violation.workload),
    team: violation.team,
    virtual_key: violation.virtualKey,
    model: violation.model,
    provider: violation.provider,
    deployment: orNull(violation.deployment),
    repository: orNull(violation.repository),
    detectors: violation.detectors,
    finding_count: violation.findingCount,
    findings: violation.findings.map(({ kind, ...finding }) => ({ ...finding, kind: kind ?? null })),
    review: violation.review,
    review_note: violation.reviewNote,
    reviewed_by: violation.reviewedBy,
    reviewed_at: violation.reviewedAt?.toISOString() ?? null,
  }
}
