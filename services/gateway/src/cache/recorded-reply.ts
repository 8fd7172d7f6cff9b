import type { Keyring } from '@weir/secrets'
import type { Usage } from '../inference/usage.js'

/** An answer as its caller got it, in the dialect that it was asked in. */
export interface RecordedReply {
  readonly contentType: string
  /** `body` is a stream of events. */
  readonly isStream: boolean
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly recordedAtMs: number
  readonly origin: ReplyOrigin
}

/** Who answered, and what it took. */
export interface ReplyOrigin {
  readonly model: string
  readonly providerModel: string
  readonly provider: string
  readonly providerId: string
  readonly usage: Usage
}

/** Roughly the bytes that an answer takes in memory. */
export const sizeOf = (reply: RecordedReply): number => reply.body.length + 1_024

/**
 * An answer as it is kept outside of the process: sealed, since it may say anything, and bound to its
 * place, so that none can be put into another one's.
 * @param extra a text that is kept with it
 */
export function sealReply(reply: RecordedReply, keyring: Keyring, place: string, extra = ''): Buffer {
  const { body, ...head } = reply
  const text = Buffer.from(JSON.stringify({ ...head, extra }))
  const { keyVersion, wrappedKey, ciphertext } = keyring.seal(
    Buffer.concat([lengthOf(text), text, body]),
    place,
  )
  const prefix = Buffer.alloc(6)
  prefix.writeUInt32BE(keyVersion, 0)
  prefix.writeUInt16BE(wrappedKey.length, 4)
  return Buffer.concat([prefix, wrappedKey, ciphertext])
}

/** Throws for what was altered, moved, or is not readable with the keys that there are. */
export function unsealReply(
  bytes: Buffer,
  keyring: Keyring,
  place: string,
): { reply: RecordedReply; extra: string } {
  if (bytes.length < 6) throw new Error('The kept answer is too short.')
  const end = 6 + bytes.readUInt16BE(4)
  const sealed = {
    keyVersion: bytes.readUInt32BE(0),
    wrappedKey: bytes.subarray(6, end),
    ciphertext: bytes.subarray(end),
  }
  const plain = keyring.unseal(sealed, place)
  const bodyStart = 4 + plain.readUInt32BE(0)
  const head = JSON.parse(plain.toString('utf8', 4, bodyStart)) as Omit<RecordedReply, 'body'> & {
    extra: string
  }
  const { extra, ...rest } = head
  return { reply: { ...rest, body: plain.subarray(bodyStart) }, extra }
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return length
}
