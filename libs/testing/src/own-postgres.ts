import { type EmbeddedPostgres, startPostgres } from '@weir/embedded-postgres'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PostgreSQL that a test can kill and start again at the same address. */
export class OwnPostgres {
  private constructor(
    private readonly dataDir: string,
    private postgres: EmbeddedPostgres,
  ) {}

  static async start(): Promise<OwnPostgres> {
    const dataDir = mkdtempSync(join(tmpdir(), 'weir-own-postgres-'))
    return new OwnPostgres(dataDir, await startPostgres({ dataDir, settings: { fsync: 'off' } }))
  }

  get url(): string {
    return this.postgres.url
  }

  async kill(): Promise<void> {
    this.postgres.kill()
    await this.postgres.exited
  }

  async restart(): Promise<void> {
    const { port } = this.postgres
    this.postgres = await startPostgres({ dataDir: this.dataDir, port, settings: { fsync: 'off' } })
  }

  async remove(): Promise<void> {
    await this.postgres.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}
