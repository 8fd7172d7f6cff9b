import type { DetectorSettings } from '@weir/detectors'
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm'
import type { Plan } from './plan.js'

/** What is done about content that violates a policy, from the mildest to the strictest. */
export const policyActions = ['log', 'alert', 'mask', 'block'] as const
export type PolicyAction = (typeof policyActions)[number]

/** `shadow`: evaluated and recorded, and nothing is done. */
export const policyModes = ['off', 'shadow', 'enforce'] as const
export type PolicyMode = (typeof policyModes)[number]

export const policyRisks = ['low', 'medium', 'high'] as const
export type PolicyRisk = (typeof policyRisks)[number]

export const policyDirections = ['input', 'output', 'both'] as const
export type PolicyDirection = (typeof policyDirections)[number]

/** What becomes of content that could not be judged: it passes (`open`), or is refused (`closed`). */
export const failureModes = ['open', 'closed'] as const
export type FailureMode = (typeof failureModes)[number]

/** A rule on what is sent to models and what they answer. */
@Entity('policy')
export class Policy {
  @PrimaryColumn('text')
  id: string

  @Column('text')
  organization: string

  @Column('text')
  name: string

  /** The rule in plain language. */
  @Column('text')
  text: string

  /** Workspace id; null: it is not of one workspace alone. */
  @Column('text', { nullable: true })
  workspace: string | null

  /** Id or name of a repository; null: it is not of one alone. */
  @Column('text', { nullable: true })
  repository: string | null

  /** Ids or names; empty: whatever is called. */
  @Column('text', { array: true })
  deployments: string[]

  /** Ids; empty: every caller. */
  @Column('text', { array: true })
  workloads: string[]

  /** Public names; empty: every model. */
  @Column('text', { array: true })
  models: string[]

  @Column('text')
  risk: PolicyRisk

  /** Null: those of the plan were found in the text. */
  @Column('jsonb', { nullable: true })
  detectors: DetectorSettings[] | null

  /** How it is evaluated; made of text and detectors when either changes. */
  @Column('jsonb')
  plan: Plan

  @Column('text')
  action: PolicyAction

  @Column('text')
  mode: PolicyMode

  @Column('text', { name: 'applies_to' })
  appliesTo: PolicyDirection

  /** What the caller of a blocked request is told; null: what was found. */
  @Column('text', { nullable: true })
  message: string | null

  /** Whom to ask about it. */
  @Column('text', { nullable: true })
  owner: string | null

  /** Null: as is usual for the action. */
  @Column('text', { name: 'on_failure', nullable: true })
  onFailure: FailureMode | null

  /** Counts its changes, from 1. */
  @Column('integer')
  version: number

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date
}

/** A policy as it was from some moment on. */
@Entity('policy_version')
export class PolicyVersion {
  @PrimaryColumn('text')
  policy: string

  @PrimaryColumn('integer')
  version: number

  /** All of it that can be changed. */
  @Column('jsonb')
  content: PolicyContent

  /** Who made it: an e-mail address, the id of a key, `master_key`. */
  @Column('text', { name: 'changed_by' })
  changedBy: string

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date
}

/** What of a policy a version holds. */
export type PolicyContent = Omit<Policy, 'id' | 'organization' | 'version' | 'createdAt' | 'updatedAt'>

/** Whether it may change or refuse what it judges. */
export const isActing = ({ mode, action }: Pick<Policy, 'mode' | 'action'>): boolean =>
  mode === 'enforce' && (action === 'block' || action === 'mask')

/** Who only wants to know is not worth a refused request; who forbids must not be passed unjudged. */
export const failureModeOf = ({ onFailure, action }: Pick<Policy, 'onFailure' | 'action'>): FailureMode =>
  onFailure ?? (action === 'block' || action === 'mask' ? 'closed' : 'open')

/** Whether content that this policy could not judge goes on; a policy in shadow never stops anything. */
export const failsOpen = (policy: Pick<Policy, 'onFailure' | 'action' | 'mode'>): boolean =>
  policy.mode !== 'enforce' || failureModeOf(policy) === 'open'
