import { expect } from 'vitest'
import type { Conversation, DialectName } from '../conversation/conversation.js'
import type { Document } from '../conversation/dialect.js'
import { SseReader } from '../conversation/sse.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import { dialects } from '../inference/dialects.js'
import { converseEvent } from './event-stream.js'
import { publishedChecks } from './published.js'

const naming = { model: 'm' }

/** What a vendor's stream is made of: events with a name, and their data. */
export type Spoken = readonly (readonly [event: string, data: object | string])[]

/** The bytes of a stream as its vendor frames it. */
export function framed(dialect: DialectName, events: Spoken): Buffer {
  if (dialect === 'bedrock-converse')
    return Buffer.concat(events.map(([event, data]) => converseEvent(event, data as object)))
  return Buffer.from(
    events
      .map(([event, data]) => {
        const text = typeof data === 'string' ? data : JSON.stringify(data)
        return `${event === '' ? '' : `event: ${event}\n`}data: ${text}\n\n`
      })
      .join(''),
  )
}

/** A stream as callers of a dialect get it, its bytes cut at every `size`; each event must be as its vendor publishes it. */
export function streamTo(
  caller: DialectName,
  {
    from,
    events,
    request = {},
    size,
  }: { from: DialectName; events: Spoken; request?: Document; size?: number },
): { events: Document[]; stream: TranslatedStream; text: string } {
  const writer = dialects[caller].caller?.writeStream(naming, {
    stream_options: { include_usage: true },
    ...request,
  })
  const reader = dialects[from].provider?.readStream()
  if (!writer || !reader) throw new Error('Nobody speaks so.')
  const stream = new TranslatedStream(reader, writer)
  const bytes = framed(from, events)
  const step = size ?? bytes.length
  let text = ''
  for (let at = 0; at < bytes.length; at += step)
    text += stream.push(bytes.subarray(at, at + step))?.toString() ?? ''
  text += stream.ending
  const told = new SseReader()
    .push(Buffer.from(text))
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data) as Document)
  const check = publishedChecks[caller]
  if (!stream.failed) expect(told.flatMap((event) => check?.event(event) ?? [])).toEqual([])
  return { events: told, stream, text }
}

/** A whole answer as callers of a dialect get it; it must be as its vendor publishes it. */
export function wholeTo(
  caller: DialectName,
  { from, reply, request = {} }: { from: DialectName; reply: Document; request?: Document },
): Document {
  const read = dialects[from].provider?.readReply(reply)
  const written = read && dialects[caller].caller?.writeReply(read, naming, request)
  if (!written) throw new Error('Nobody speaks so.')
  const told = JSON.parse(JSON.stringify(written)) as Document
  expect(publishedChecks[caller]?.whole(told)).toEqual([])
  return told
}

/** A request as a provider of a dialect gets it, and what is left out of it. */
export function asked(
  provider: DialectName,
  { from, request, model = naming.model }: { from: DialectName; request: Document; model?: string },
): { document: Document; dropped: string[]; conversation: Conversation } {
  const conversation = dialects[from].caller?.readRequest(request)
  const written = conversation && dialects[provider].provider?.writeRequest(conversation, { model })
  if (!written) throw new Error('Nobody speaks so.')
  return { ...written, dropped: [...conversation.unread, ...written.dropped], conversation }
}
