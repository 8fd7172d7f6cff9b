import { mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of the gateway's data folder that outlives it: always the old one or the new one, never a part. */
export class KeptFile {
  private readonly path: string

  constructor(dataDir: string, name: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.path = join(dataDir, name)
  }

  /** Undefined when there is none. Throws for what the disk does not give. */
  read(): Buffer | undefined {
    try {
      return readFileSync(this.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Replaces it in one step, on disk before it counts. Called once at a time. */
  async write(content: Uint8Array | string): Promise<void> {
    const file = await open(`${this.path}.new`, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${this.path}.new`, this.path)
  }
}
