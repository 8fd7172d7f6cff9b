import { AppError } from '@weir/errors'
import type { Caller } from '@weir/http'
import { isWithinNetworks, limitsTargets, toModelSet } from '@weir/rights'
import type { EntityManager } from 'typeorm'
import { ancestry } from '../team/team-tree.js'
import { VirtualKey } from './virtual-key.entity.js'

/** What of a virtual key bounds the keys that it makes. */
export type Bounds = Pick<
  VirtualKey,
  | ('workspace' | 'workload' | 'team' | 'models' | 'endpoints' | 'deployments' | 'repositories')
  | ('sourceNetworks' | 'expiresAt' | 'maxBudgetNanoUsd' | 'budgetDuration' | 'rpmLimit' | 'tpmLimit')
  | ('inputTpmLimit' | 'outputTpmLimit' | 'maxParallelRequests')
>

/** The virtual key that a caller manages with, as it is now; undefined: people and services are bound by their roles. */
export async function findMaker(
  manager: EntityManager,
  { principal, organization }: Caller,
): Promise<VirtualKey | undefined> {
  if (principal?.kind !== 'management_key') return undefined
  const maker = await manager.findOne(VirtualKey, {
    where: { id: principal.id, organization },
    lock: { mode: 'pessimistic_read' },
  })
  // It was deleted while its request was on the way.
  if (!maker) throw AppError.of('invalid_api_key', {})
  return maker
}

/** Refuses a virtual key that may do more than the one that makes, changes or rotates it. */
export async function refuseWiderThanMaker(
  manager: EntityManager,
  caller: Caller,
  maker: VirtualKey | undefined,
  id: string,
): Promise<void> {
  if (!maker) return
  const made = await manager.findOneByOrFail(VirtualKey, { id })
  const line = made.team && maker.team ? await ancestry(manager, caller, made.team) : []
  const what = findExcess(maker, made, line)
  if (what) throw AppError.of('key_wider_than_maker', { what }, { param: what })
}

const sets = ['models', 'endpoints', 'deployments', 'repositories'] as const
const limits = [
  ['rpm_limit', 'rpmLimit'],
  ['tpm_limit', 'tpmLimit'],
  ['input_tpm_limit', 'inputTpmLimit'],
  ['output_tpm_limit', 'outputTpmLimit'],
  ['max_parallel_requests', 'maxParallelRequests'],
  ['max_budget', 'maxBudgetNanoUsd'],
] as const

/** The first field in which a key is wider than its maker. `line`: the made key's team and all above it. */
export function findExcess(maker: Bounds, made: Bounds, line: readonly string[]): string | undefined {
  if (made.workspace !== maker.workspace) return 'workspace'
  if (maker.workload !== null && made.workload !== maker.workload) return 'workload'
  if (maker.team !== null && made.team !== null && !line.includes(maker.team)) return 'team'
  for (const field of sets) if (!isWithin(made[field], maker[field])) return field
  // An empty list of repositories is no list of none: such a key works outside of all of them.
  if (maker.repositories?.length && !made.repositories?.length) return 'repositories'
  if (areTargetsLimited(maker) && !areTargetsLimited(made)) return made.deployments ? 'deployments' : 'models'
  if (maker.sourceNetworks && !isWithinNetworks(made.sourceNetworks, maker.sourceNetworks)) {
    return 'source_networks'
  }
  if (maker.expiresAt && (!made.expiresAt || made.expiresAt > maker.expiresAt)) return 'expires_at'
  for (const [field, column] of limits) {
    const [most, given] = [maker[column], made[column]]
    if (most !== null && (given === null || given > most)) return field
  }
  const isBudgeted = maker.maxBudgetNanoUsd !== null
  return isBudgeted && made.budgetDuration !== maker.budgetDuration ? 'budget_duration' : undefined
}

const areTargetsLimited = ({ models, deployments }: Bounds): boolean =>
  limitsTargets({ models: toModelSet(models), deployments: deployments ? new Set(deployments) : undefined })

/** Null, or `*`, is everything. */
function isWithin(made: readonly string[] | null, maker: readonly string[] | null): boolean {
  if (maker === null || maker.includes('*')) return true
  return made !== null && made.every((one) => maker.includes(one))
}
