import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startPostgres } from '@weir/embedded-postgres'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the superuser of the run's PostgreSQL; see `createTestDatabase`. */
    postgresUrl: string
  }
}

/** Starts one PostgreSQL in a temporary folder for the whole run; it dies with the run, however that ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weir-test-postgres-'))
  const postgres = await startPostgres({
    dataDir,
    // Survives every kill of a process, which is all that tests do; only a power cut would need more.
    settings: { fsync: 'off', full_page_writes: 'off' },
  })
  project.provide('postgresUrl', postgres.url)
  // Inherited by the workers, and by code that runs where vitest's own `inject` does not reach.
  process.env.WEIR_TEST_POSTGRES_URL = postgres.url
  return async () => {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
