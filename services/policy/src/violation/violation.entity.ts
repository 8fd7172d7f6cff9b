import { Column, Entity, PrimaryColumn } from 'typeorm'
import type { PolicyAction, PolicyMode, PolicyRisk } from '../policy/policy.entity.js'

/** Where something was found and what it is; never the text itself. */
export interface RecordedFinding {
  detector: string
  /** What exactly, where the detector tells kinds apart. */
  kind?: string
  /** Where the text stands in the document: messages[1].content[0].text. */
  place: string
  /** UTF-16 units into that text. */
  start: number
  end: number
  confidence: number
}

/** What somebody who looked at a violation says of it. */
export const reviews = ['upheld', 'false_positive'] as const
export type Review = (typeof reviews)[number]

/** That one content violates one policy. */
@Entity('violation')
export class Violation {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  policy: string

  /** As it was then. */
  @Column('text', { name: 'policy_name' })
  policyName: string

  @Column('integer', { name: 'policy_version' })
  policyVersion: number

  @Column('text')
  mode: PolicyMode

  @Column('text')
  action: PolicyAction

  @Column('text')
  risk: PolicyRisk

  /** input or output. */
  @Column('text')
  direction: string

  @Column('text', { name: 'request_id' })
  requestId: string

  @Column('text')
  workspace: string

  /** Empty: none. */
  @Column('text')
  workload: string

  @Column('text')
  team: string

  @Column('text', { name: 'virtual_key' })
  virtualKey: string

  @Column('text')
  model: string

  @Column('text')
  provider: string

  /** Name; empty: none. */
  @Column('text')
  deployment: string

  /** Name; empty: none. */
  @Column('text')
  repository: string

  /** Names of those that found something. */
  @Column('text', { array: true })
  detectors: string[]

  /** All that were found; `findings` has the first of them. */
  @Column('integer', { name: 'finding_count' })
  findingCount: number

  @Column('jsonb')
  findings: RecordedFinding[]

  @Column('timestamptz', { name: 'found_at' })
  foundAt: Date

  /** Null: nobody has looked at it. */
  @Column('text', { nullable: true })
  review: Review | null

  @Column('text', { name: 'review_note', nullable: true })
  reviewNote: string | null

  /** An e-mail address, the id of a key, `master_key`. */
  @Column('text', { name: 'reviewed_by', nullable: true })
  reviewedBy: string | null

  @Column('timestamptz', { name: 'reviewed_at', nullable: true })
  reviewedAt: Date | null
}
