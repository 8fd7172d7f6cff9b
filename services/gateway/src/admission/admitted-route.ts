import type { Endpoint } from '../inference/endpoint.js'
import type { KnownModel, KnownProvider, KnownWhitelistEntry } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'

/** Who asks for what: all that limits and budgets are found by. */
export interface AdmittedRoute {
  readonly key: KnownKey
  readonly team: TeamLine
  readonly model: KnownModel
  readonly provider: KnownProvider
  /** The workspace's own terms for the model; undefined: it has none. */
  readonly entry: KnownWhitelistEntry | undefined
  /** What is asked for. */
  readonly endpoint: Pick<Endpoint, 'name' | 'output' | 'isBinary'>
  /** Name of the deployment that it was sent to. */
  readonly deployment?: string | undefined
  /** Name of the repository below which it was sent. */
  readonly repository?: string | undefined
}
