import type { Keyring } from '@weir/secrets'
import { KeptFile } from '../kept-file.js'

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
  private readonly file: KeptFile

  constructor(
    dataDir: string,
    private readonly keyring: Keyring,
  ) {
    this.file = new KeptFile(dataDir, 'issuer-keys.bin')
  }

  /** Undefined when there are none of this issuer. Throws when the file is damaged, or sealed with a key that is not here. */
  read(configured: string): KeptIssuerKeys | undefined {
    const sealed = this.file.read()
    if (!sealed) return undefined
    const kept = JSON.parse(this.keyring.unsealText(sealed.toString(), context)) as KeptIssuerKeys
    return kept.configured === configured ? kept : undefined
  }

  async write(kept: KeptIssuerKeys): Promise<void> {
    await this.file.write(this.keyring.sealText(JSON.stringify(kept), context))
  }
}
