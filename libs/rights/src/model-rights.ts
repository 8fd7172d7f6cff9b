/** A set of models by public name; `all` follows models that are yet to come. */
export interface ModelSet {
  readonly all: boolean
  readonly names: ReadonlySet<string>
}

/** Whoever has a say in which models a virtual key may use. */
export interface ModelRights {
  virtualKey: ModelSet
  /** Absent: the key belongs to no workload. */
  workload?: ModelSet
  /** The key's team and all its ancestors: none may use what one above it may not. */
  teams: readonly ModelSet[]
}

/** Who refuses a model, in the words of the error that the caller reads. */
export type ModelRefusal = 'virtual key' | 'workload' | 'team'

const includes = (set: ModelSet, model: string): boolean => set.all || set.names.has(model)

/**
 * The one computation of effective models: virtual key ∩ workload ∩ team and its ancestors.
 * Says who refuses a model; undefined when all allow it.
 */
export function findModelRefusal(rights: ModelRights, model: string): ModelRefusal | undefined {
  if (!includes(rights.virtualKey, model)) return 'virtual key'
  if (rights.workload && !includes(rights.workload, model)) return 'workload'
  for (const team of rights.teams) if (!includes(team, model)) return 'team'
  return undefined
}
