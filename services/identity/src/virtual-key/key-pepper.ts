import { hashVirtualKey } from '@weir/secrets'

/** Hashes virtual keys with the pepper of this installation. */
export class KeyPepper {
  readonly #pepper: Buffer

  /** `base64`: 32 bytes. */
  constructor(base64: string) {
    this.#pepper = Buffer.from(base64, 'base64')
  }

  hash(value: string): Buffer {
    return hashVirtualKey(value, this.#pepper)
  }
}
