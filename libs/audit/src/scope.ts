import { AsyncLocalStorage } from 'node:async_hooks'

/** Who acts, and from where; stands beside every change that is recorded. */
export interface Actor {
  /** `master_key`, `user`, `service`, `management_key`; `anonymous` where nobody was recognised. */
  kind: string
  /** `usr_…`, `key_…`; of a service acting on its own, what it does. */
  id: string
  /** For people: an e-mail address or a name. */
  name: string
  /** The credential's id, never its value. */
  credential: string
  /** Network address that the request came from; empty: no request. */
  address: string
  /** The reply's `x-request-id`; empty: no request. */
  requestId: string
}

/**
 * What code may see of the database while it runs: nothing, unless an organization is named, or one
 * of the flows that cross organizations on purpose. The database itself holds to it.
 */
export interface Scope {
  /** Organization whose rows are seen. */
  organization?: string
  /** Workspaces of it whose rows are seen; absent: all. */
  workspaces?: readonly string[]
  /** Name of a flow that crosses organizations; see `asService`. */
  service?: string
  /** Who changes what is changed; absent where nothing is. */
  actor?: Actor
}

const scopes = new AsyncLocalStorage<Scope>()

const nothing: Scope = Object.freeze({})

/** The scope of the code that runs now. */
export function currentScope(): Readonly<Scope> {
  return scopes.getStore() ?? nothing
}

/** Runs `work`, and all that it starts, in a scope. The guard of a request may fill it in later. */
export function inScope<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work)
}

/** Runs `work` for one organization, on behalf of another service that has checked who asks. */
export function inOrganization<T>(organization: string, work: () => T): T {
  const { actor } = currentScope()
  return scopes.run({ organization, ...(actor && { actor }) }, work)
}

/**
 * Runs `work` for all organizations at once. Only for flows that are about all of them: what feeds
 * gateways, what consumes a topic, what finds out whose a credential is. Every use is listed, with
 * its reason, in this lib's README, and a test compares.
 * @param name what for; stands on the audit trail where no request is behind a change
 */
export function asService<T>(name: string, work: () => T): T {
  const itself = { kind: 'service', id: name, name, credential: '', address: '', requestId: '' }
  // On behalf of a request it is still the request that changes something.
  return scopes.run({ service: name, actor: currentScope().actor ?? itself }, work)
}
