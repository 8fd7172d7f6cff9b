/** A set of models by public name. */
export interface ModelSet {
  /** Also those that are yet to come. */
  readonly all: boolean
  readonly names: ReadonlySet<string>
}

const everyModel: ModelSet = { all: true, names: new Set() }

/** The set of what was chosen: null and `*` mean every model, an empty list none. */
export function toModelSet(names: readonly string[] | null): ModelSet {
  return names === null || names.includes('*') ? everyModel : { all: false, names: new Set(names) }
}

/** Whether a model is of a set. */
export const includesModel = (set: ModelSet, model: string): boolean => set.all || set.names.has(model)
