import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallerDialect, Document, ProviderDialect } from '../conversation/dialect.js'
import { asObject } from '../conversation/json.js'
import type { ReplyEvent } from '../conversation/reply.js'
import { assemble } from '../testing/assemble.js'
import { converseEvent } from '../testing/event-stream.js'
import { eventsOf } from '../testing/events-of.js'
import { recordings, recordingsMissing } from '../testing/recordings.js'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.js'
import { bedrockConverse } from './bedrock-converse/bedrock-converse.js'
import { gemini } from './gemini/gemini.js'
import { openAiChat } from './openai-chat/openai-chat.js'
import { openaiResponses } from './openai-responses/openai-responses.js'

const callers: readonly CallerDialect[] = [openAiChat, anthropicMessages, openaiResponses]
const spokenBy: Readonly<Record<string, ProviderDialect>> = {
  generateContent: gemini,
  streamGenerateContent: gemini,
  converse: bedrockConverse,
  responses: openaiResponses,
}

/** Values that a vendor never meant. */
const strange = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    1e300,
    '',
    'x',
    [],
    {},
    [null],
    [[]],
    { type: 'x' },
    [{ type: 'x' }],
    [{}],
    undefined,
  ],
)

/** Puts strange values where a seed says. */
function mutate(document: unknown, changes: { at: number; value: unknown }[]): unknown {
  const copy = structuredClone(document)
  for (const { at, value } of changes) {
    const places: { holder: Record<string, unknown>; key: string }[] = []
    collect(copy, places)
    const place = places[at % Math.max(1, places.length)]
    if (place) place.holder[place.key] = structuredClone(value)
  }
  return copy
}

function collect(value: unknown, places: { holder: Record<string, unknown>; key: string }[]): void {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    const holder = value as Record<string, unknown>
    places.push({ holder, key })
    collect(holder[key], places)
  }
}

const changes = fc.array(fc.record({ at: fc.nat(10_000), value: strange }), { minLength: 1, maxLength: 4 })

/** Reads, and takes a refusal in words for an answer; anything else is a crash. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) throw error
    return undefined
  }
}

function writeEverywhere(events: ReplyEvent[]): void {
  for (const caller of callers) {
    const writer = caller.writeStream({ model: 'm' }, {})
    // Anthropic takes no call but with an object: what is none is the vendor's failure.
    attempt(() => events.map((event) => writer.write(event)))
  }
}

const title = recordingsMissing ? ` (${recordingsMissing})` : ''

describe.skipIf(recordingsMissing)(`a vendor that says what it never said${title}`, () => {
  const answered = recordings(({ api, status }) => status === 200 && api in spokenBy)
  const whole = answered.filter(({ stream }) => !stream)
  const streams = answered.filter(({ stream }) => stream)

  it.each(whole.map((recording) => [recording.file, recording] as const))(
    'in %s, whole',
    (_file, { api, response }) => {
      const dialect = spokenBy[api] as ProviderDialect
      fc.assert(
        fc.property(changes, (made) => {
          const document = asObject(mutate(response.body, made)) as Document
          const reply = attempt(() => dialect.readReply(document))
          if (!reply) return
          expect(
            reply.usage === undefined ||
              Object.values(reply.usage).every((count) => typeof count === 'string' || count >= 0),
          ).toBe(true)
          for (const caller of callers) attempt(() => caller.writeReply(reply, { model: 'm' }, {}))
          writeEverywhere(eventsOf(reply))
        }),
        { numRuns: 60 },
      )
    },
  )

  it.each(streams.map((recording) => [recording.file, recording] as const))(
    'in %s',
    (_file, { api, response }) => {
      const dialect = spokenBy[api] as ProviderDialect
      const events = (response.sse ?? '')
        .split(/\r?\n\r?\n/)
        .filter((event) => event.includes('data: {'))
        .slice(-40)
      fc.assert(
        fc.property(fc.nat(events.length - 1), changes, (which, made) => {
          const text = events
            .map((event, at) => (at === which ? mutateEvent(event, made) : event))
            .map((event) => `${event}\n\n`)
            .join('')
          const read = attempt(() => dialect.readStream().push(Buffer.from(text)))
          if (!read || read.length === 0) return
          assemble(read)
          writeEverywhere(read)
        }),
        { numRuns: 40 },
      )
    },
  )

  it('in a stream of Converse', () => {
    const said: [string, object][] = [
      ['messageStart', { role: 'assistant' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'a' } } }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'a' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'a' } }],
      ['contentBlockStop', { contentBlockIndex: 1 }],
      ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'a', name: 'b' } } }],
      ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{}' } } }],
      ['contentBlockStop', { contentBlockIndex: 2 }],
      ['messageStop', { stopReason: 'tool_use' }],
      ['metadata', { usage: { inputTokens: 1, outputTokens: 1 } }],
    ]
    fc.assert(
      fc.property(fc.nat(said.length - 1), changes, (which, made) => {
        const bytes = said.map(([type, value], at) =>
          converseEvent(type, at === which ? (mutate(value, made) as object) : value),
        )
        const read = attempt(() => bedrockConverse.readStream().push(Buffer.concat(bytes)))
        if (!read) return
        assemble(read)
        writeEverywhere(read)
      }),
      { numRuns: 400 },
    )
  })
})

function mutateEvent(event: string, made: { at: number; value: unknown }[]): string {
  return event.replace(
    /data: (\{.*)/,
    (_line, json: string) => `data: ${JSON.stringify(mutate(JSON.parse(json), made))}`,
  )
}

describe.skipIf(recordingsMissing)(`a caller that asks what it never asked${title}`, () => {
  const asked = recordings(({ api }) => api === 'responses').filter(
    ({ request: { body } }) => asObject(body)?.['input'],
  )

  it.each(asked.map((recording) => [recording.file, recording] as const))(
    'in %s',
    (_file, { request: { body } }) => {
      fc.assert(
        fc.property(changes, (made) => {
          const document = asObject(mutate(body, made)) as Document
          const conversation = attempt(() => openaiResponses.readRequest(document))
          if (!conversation) return
          for (const dialect of [gemini, bedrockConverse, openaiResponses, openAiChat, anthropicMessages]) {
            attempt(() => dialect.writeRequest(conversation, { model: 'claude-sonnet-4-5' }))
          }
          const reply = { id: '', model: '', created: 0, usage: undefined }
          const text = { type: 'text' as const, text: 'a' }
          openaiResponses.writeReply(
            { ...reply, choices: [{ parts: [text], stop: { reason: 'end' } }] },
            { model: 'm' },
            document,
          )
        }),
        { numRuns: 40 },
      )
    },
  )
})
