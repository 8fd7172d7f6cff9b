import type { DialectName } from '../../conversation/conversation.js'
import type { Spoken } from '../told.js'

/** A stream as its vendor sends it (made up here, by the vendors' documentation), and what is said in it. */
export interface VendorStream {
  name: string
  from: DialectName
  events: Spoken
  says: {
    text?: string
    refusal?: string
    reasoning?: string
    calls?: { name: string; arguments: string }[]
    stop: string
  }
}
