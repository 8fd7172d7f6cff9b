import { crc32 } from 'node:zlib'

const maxMessageBytes = 8 * 1024 * 1024
const preludeBytes = 12
const crcBytes = 4

/** A message of `application/vnd.amazon.eventstream`. */
export interface EventStreamMessage {
  /** Those that are texts: `:message-type`, `:event-type`, … */
  headers: Record<string, string>
  payload: Buffer
}

/**
 * Reads AWS's binary event streams from bytes that may be cut anywhere. A message's lengths and
 * content have checksums of their own, and one that does not hold ends the reading.
 */
export class EventStreamReader {
  private pieces: Buffer[] = []
  private bytes = 0
  /** What must be there before there is anything to read. */
  private needed = preludeBytes

  /** The messages that have become whole. Throws for what is no event stream, and for a message of more than 8 MiB. */
  push(chunk: Buffer): EventStreamMessage[] {
    this.pieces.push(chunk)
    this.bytes += chunk.length
    if (this.bytes < this.needed) return []
    let data = this.pieces.length === 1 && this.pieces[0] ? this.pieces[0] : Buffer.concat(this.pieces)
    const messages: EventStreamMessage[] = []
    this.needed = preludeBytes
    while (data.length >= preludeBytes) {
      const length = messageLength(data)
      if (data.length < length) {
        this.needed = length
        break
      }
      messages.push(readMessage(data.subarray(0, length)))
      data = data.subarray(length)
    }
    this.pieces = data.length === 0 ? [] : [data]
    this.bytes = data.length
    return messages
  }
}

function messageLength(data: Buffer): number {
  if (crc32(data.subarray(0, 8)) !== data.readUInt32BE(8)) {
    throw new Error('A message of the event stream has a false checksum of its lengths.')
  }
  const length = data.readUInt32BE(0)
  const headers = data.readUInt32BE(4)
  if (length > maxMessageBytes) throw new Error('A message of the event stream is longer than 8 MiB.')
  if (length < preludeBytes + headers + crcBytes) {
    throw new Error('A message of the event stream has impossible lengths.')
  }
  return length
}

function readMessage(message: Buffer): EventStreamMessage {
  const end = message.length - crcBytes
  if (crc32(message.subarray(0, end)) !== message.readUInt32BE(end)) {
    throw new Error('A message of the event stream has a false checksum.')
  }
  const payloadAt = preludeBytes + message.readUInt32BE(4)
  try {
    return {
      headers: readHeaders(message.subarray(preludeBytes, payloadAt)),
      payload: message.subarray(payloadAt, end),
    }
  } catch (error) {
    throw new Error('A message of the event stream has headers that cannot be read.', { cause: error })
  }
}

const textType = 7

/** Bytes of a header's value by its type; of bytes and texts, the length stands before them. */
const sizes: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }

function readHeaders(data: Buffer): Record<string, string> {
  const headers: Record<string, string> = {}
  let at = 0
  while (at < data.length) {
    const nameEnd = at + 1 + data.readUInt8(at)
    const name = data.toString('utf8', at + 1, nameEnd)
    const type = data.readUInt8(nameEnd)
    at = nameEnd + 1
    let size = sizes[type]
    if (size === undefined) {
      if (type !== textType && type !== 6) throw new Error(`There is no header of type ${type}.`)
      size = data.readUInt16BE(at)
      at += 2
    }
    if (at + size > data.length) throw new Error('A header ends after its message.')
    if (type === textType) headers[name] = data.toString('utf8', at, at + size)
    at += size
  }
  return headers
}
