import { createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto'

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

const blockBytes = 64
const hashBytes = 32

/** A pepper made ready: HMAC's inner and outer pad (RFC 2104), each one block long, with room for what follows it. */
export interface Pepper {
  inner: Buffer
  outer: Buffer
}

/** No value that is longer can be a key, and its hash need not be a true one. */
const maxValueBytes = 1024

/** Reads a pepper from its base64 of 32 bytes. */
export function readPepper(base64: string): Pepper {
  const secret = Buffer.alloc(blockBytes)
  Buffer.from(base64, 'base64').copy(secret)
  const pad = (mask: number, room: number) =>
    Buffer.concat([secret.map((byte) => byte ^ mask), Buffer.alloc(room)])
  return { inner: pad(0x36, maxValueBytes), outer: pad(0x5c, hashBytes) }
}

/**
 * What is stored and looked up instead of the value: HMAC-SHA-256 with the pepper, 32 bytes. Every
 * request needs it: two one-shot hashes over kept buffers take a fraction of the time of a `createHmac`, and
 * a hash that comes as a string a third of one that comes as a buffer.
 */
export function hashVirtualKey(value: string, { inner, outer }: Pepper): Buffer {
  const length = inner.write(value, blockBytes)
  outer.write(hash('sha256', inner.subarray(0, blockBytes + length), 'binary'), blockBytes, 'latin1')
  return Buffer.from(hash('sha256', outer, 'binary'), 'latin1')
}

/** Compares two secrets in a time that says nothing about where they differ. */
export function equalSecrets(left: string, right: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(left), hash(right))
}
