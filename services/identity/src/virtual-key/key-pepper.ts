import { hashVirtualKey, type Pepper, readPepper } from '@weir/secrets'

/** The pepper of virtual keys. Private, so that nothing that prints the object prints the secret. */
export class KeyPepper {
  readonly #pepper: Pepper

  constructor(base64: string) {
    this.#pepper = readPepper(base64)
  }

  /** HMAC-SHA-256 of a key's value, 32 bytes. */
  hash(value: string): Buffer {
    return hashVirtualKey(value, this.#pepper)
  }
}
