import { crc32 } from 'node:zlib'

/** A message of AWS's binary event streams; headers are texts. */
export function eventStreamMessage(headers: Record<string, string>, payload: string): Buffer {
  const encoded = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const text = Buffer.from(value)
      const head = Buffer.from([name.length, ...Buffer.from(name), 7, text.length >> 8, text.length & 255])
      return Buffer.concat([head, text])
    }),
  )
  const body = Buffer.from(payload)
  const message = Buffer.alloc(16 + encoded.length + body.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(encoded.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  encoded.copy(message, 12)
  body.copy(message, 12 + encoded.length)
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4)
  return message
}

/** An event of ConverseStream. */
export function converseEvent(type: string, value: object): Buffer {
  const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }
  return eventStreamMessage(headers, JSON.stringify(value))
}

/** An exception within a stream. */
export function converseException(type: string, message: string): Buffer {
  const headers = {
    ':exception-type': type,
    ':content-type': 'application/json',
    ':message-type': 'exception',
  }
  return eventStreamMessage(headers, JSON.stringify({ message }))
}
