import { CreateCatalog1763700000000 } from './1763700000000-create-catalog.js'

/** Every migration, oldest first. */
export const migrations = [CreateCatalog1763700000000]
