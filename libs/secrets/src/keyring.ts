import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A secret under envelope encryption, as it is stored and sent. */
export interface SealedSecret {
  /** Version of the master key that wraps the data key. */
  keyVersion: number
  /** Nonce (12 bytes), wrapped data key, tag (16 bytes). */
  wrappedKey: Buffer
  /** Nonce (12 bytes), ciphertext, tag (16 bytes). */
  ciphertext: Buffer
}

const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM; `context` is authenticated, so that a ciphertext cannot be moved to another place. */
function encrypt(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw new Error('The ciphertext is too short.')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes)).setAAD(
    Buffer.from(context),
  )
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()])
}

/**
 * The master keys by version. The highest seals; all unseal, so that a master key can be rotated
 * without touching what it has sealed.
 */
export class Keyring {
  private readonly keys = new Map<number, Buffer>()
  private readonly sealingVersion: number

  /** From configuration: `1:<base64 of 32 bytes>[,2:…]`. Throws when a key is malformed or none is given. */
  constructor(specification: string) {
    for (const part of specification.split(',').map((part) => part.trim())) {
      const [, version, base64] = /^(\d+):([A-Za-z0-9+/=_-]+)$/.exec(part) ?? []
      const key = Buffer.from(base64 ?? '', 'base64')
      if (version === undefined || key.length !== 32) {
        throw new Error('An encryption key must be written as "<version>:<base64 of 32 bytes>".')
      }
      this.keys.set(Number(version), key)
    }
    this.sealingVersion = Math.max(...this.keys.keys())
  }

  /** Seals a secret with a data key of its own. `context` says what it belongs to; unsealing needs the same. */
  seal(plain: string | Buffer, context: string): SealedSecret {
    const dataKey = randomBytes(32)
    return {
      keyVersion: this.sealingVersion,
      wrappedKey: encrypt(this.key(this.sealingVersion), dataKey, context),
      ciphertext: encrypt(dataKey, Buffer.from(plain), context),
    }
  }

  /** Throws when the master key's version is unknown, or the secret was altered or moved. */
  unseal(sealed: SealedSecret, context: string): Buffer {
    const dataKey = decrypt(this.key(sealed.keyVersion), sealed.wrappedKey, context)
    return decrypt(dataKey, sealed.ciphertext, context)
  }

  /** As `seal`, in one printable text. */
  sealText(plain: string, context: string): string {
    const { keyVersion, wrappedKey, ciphertext } = this.seal(plain, context)
    return ['sealed', keyVersion, wrappedKey.toString('base64url'), ciphertext.toString('base64url')].join(
      '.',
    )
  }

  /** Opens what `sealText` made. Throws as `unseal` does. */
  unsealText(text: string, context: string): string {
    const [mark, keyVersion = '', wrappedKey = '', ciphertext = ''] = text.split('.')
    if (mark !== 'sealed') throw new Error('The text is not a sealed one.')
    const [wrapped, sealed] = [wrappedKey, ciphertext].map((part) => Buffer.from(part, 'base64url'))
    if (!wrapped || !sealed) throw new Error('The text is not a sealed one.')
    return this.unseal(
      { keyVersion: Number(keyVersion), wrappedKey: wrapped, ciphertext: sealed },
      context,
    ).toString()
  }

  private key(version: number): Buffer {
    const key = this.keys.get(version)
    if (!key) throw new Error(`Version ${version} of the encryption key is not in WEIR_ENCRYPTION_KEYS.`)
    return key
  }
}
