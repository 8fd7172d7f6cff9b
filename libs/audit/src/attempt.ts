import type { Actor } from './scope.js'

/** A change that was asked for and not made. */
export interface Attempt {
  /** Organization id; of somebody who was not recognised, that of the installation. */
  organization: string
  actor: Actor
  /** Kind of the resource, as in the table of words: virtual_key, team, … */
  resource: string
  /** As it was sent; empty: none was. */
  resourceId: string
  /** create, update, delete, or what the route says: rotate, … */
  action: string
  /** Status of the reply. */
  status: number
  /** Code of the error that the caller saw. */
  errorCode: string
}
