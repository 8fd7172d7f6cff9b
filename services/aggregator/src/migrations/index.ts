import { CreateRollups1763700000000 } from './1763700000000-create-rollups.js'

/** In the order in which they run. */
export const migrations = [CreateRollups1763700000000]
