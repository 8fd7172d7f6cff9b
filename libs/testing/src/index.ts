export { freePort, isPortFree } from '@weir/embedded-postgres'
export { createTestDatabase } from './test-database.js'
export type { TestDatabase } from './test-database.js'
export { waitFor } from './wait-for.js'
