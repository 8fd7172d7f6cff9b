import { CreateLedger1763700000000 } from './1763700000000-create-ledger.js'

/** In the order in which they run. */
export const migrations = [CreateLedger1763700000000]
