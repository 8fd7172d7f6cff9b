import type { Keyring } from '@weir/secrets'
import { mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** The keys of an issuer as they were fetched. */
export interface KeptIssuerKeys {
  /** As it is configured: keys of another one count nothing. */
  configured: string
  /** As it writes itself in `iss`. */
  issuer: string
  /** Its JSON Web Key Set. */
  text: string
}

const context = 'gateway issuer keys'

/**
 * The issuer's keys on the gateway's disk, so that a restart needs no issuer. They are no secret, but who could
 * put others in their place could sign for anybody: they are sealed.
 */
export class IssuerKeysFile {
  private readonly path: string

  constructor(
    dataDir: string,
    private readonly keyring: Keyring,
  ) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    this.path = join(dataDir, 'issuer-keys.bin')
  }

  /** Undefined when there are none of this issuer. Throws when the file is damaged, or sealed with a key that is not here. */
  read(configured: string): KeptIssuerKeys | undefined {
    let sealed: string
    try {
      sealed = readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const kept = JSON.parse(this.keyring.unsealText(sealed, context)) as KeptIssuerKeys
    return kept.configured === configured ? kept : undefined
  }

  /** Replaces the file in one step, on disk before it counts. */
  async write(kept: KeptIssuerKeys): Promise<void> {
    const file = await open(`${this.path}.new`, 'w', 0o600)
    try {
      await file.writeFile(this.keyring.sealText(JSON.stringify(kept), context))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${this.path}.new`, this.path)
  }
}
