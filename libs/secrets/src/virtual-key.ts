import { createHash, createHmac, createSecretKey, hash, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 40
const checksumLength = 6
const pattern = new RegExp(`^vk_[0-9A-Za-z]{${randomLength + checksumLength}}$`)

function base62(bytes: Buffer, length: number): string {
  let text = ''
  // 248 is the largest multiple of 62 in a byte: bytes above it would favour the first letters.
  for (const byte of bytes) if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62)
  return text
}

function checksum(random: string): string {
  return base62(hash('sha256', `vk_${random}`, 'buffer'), checksumLength).padEnd(checksumLength, '0')
}

/** A new virtual key's value: `vk_`, 40 random letters (238 bits), a checksum of 6 that secret scanners can test. */
export function generateVirtualKey(): string {
  let random = ''
  while (random.length < randomLength) random += base62(randomBytes(64), randomLength - random.length)
  return `vk_${random}${checksum(random)}`
}

/** Whether a value can be a virtual key at all; a guess fails here, before anything is looked up. */
export function isVirtualKey(value: string): boolean {
  return pattern.test(value) && value.slice(-checksumLength) === checksum(value.slice(3, -checksumLength))
}

/** The pepper of virtual keys, from its base64 of 32 bytes: prepared once, since every request needs it. */
export function readPepper(base64: string): KeyObject {
  return createSecretKey(Buffer.from(base64, 'base64'))
}

/** What is stored and looked up instead of the value: HMAC-SHA-256 with the pepper, 32 bytes. */
export function hashVirtualKey(value: string, pepper: KeyObject | Buffer): Buffer {
  return createHmac('sha256', pepper).update(value).digest()
}

/** Compares two secrets in a time that says nothing about where they differ. */
export function equalSecrets(left: string, right: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(left), hash(right))
}
