import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '@weir/errors'
import type { CallerDialect, Document, ProviderDialect } from '../conversation/dialect.js'
import { withoutForeignTools } from '../conversation/foreign-tools.js'
import type { Reply, ReplyEvent } from '../conversation/reply.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import type { Usage } from '../inference/usage.js'
import { assemble, gistOf } from '../testing/assemble.js'
import { eventsOf } from '../testing/events-of.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../testing/recordings.js'
import { anthropicMessages } from './anthropic-messages/anthropic-messages.js'
import { bedrockConverse } from './bedrock-converse/bedrock-converse.js'
import { gemini } from './gemini/gemini.js'
import { openAiChat } from './openai-chat/openai-chat.js'
import { openaiResponses } from './openai-responses/openai-responses.js'

type Both = CallerDialect & ProviderDialect

const spokenBy: Readonly<Record<string, ProviderDialect>> = {
  generateContent: gemini,
  streamGenerateContent: gemini,
  converse: bedrockConverse,
  responses: openaiResponses,
}
const callers: readonly Both[] = [openAiChat, anthropicMessages, openaiResponses]
const request = { model: 'm', stream: true, stream_options: { include_usage: true }, max_tokens: 10 }
const isOver = ({ stop }: Recording) =>
  !stop.some((status) => status === 'queued' || status === 'in_progress')

const answered = recordings(({ api, status }) => status === 200 && api in spokenBy).filter(isOver)
const cells = answered.flatMap((recording) =>
  callers
    .filter(({ name }) => name !== spokenBy[recording.api]?.name)
    .map((caller) => [recording.file, caller.name, recording, caller] as const),
)

function read(recording: Recording): { reply: Reply; events: ReplyEvent[] } {
  const dialect = spokenBy[recording.api] as ProviderDialect
  const { sse, body } = recording.response
  if (sse === undefined) {
    const reply = dialect.readReply(body as Document)
    return { reply, events: eventsOf(reply) }
  }
  const events = dialect.readStream().push(Buffer.from(sse))
  return { reply: assemble(events).reply, events }
}

/** What must survive in every dialect that has a place for it. */
function kept(reply: Reply) {
  return gistOf(reply).map(({ text, refusal, calls, reasoning, stop }) => ({
    // Anthropic declines in plain text.
    text: text + refusal,
    calls: calls.map((call) => ({
      name: call.name,
      arguments: JSON.parse(call.arguments || '{}') as unknown,
    })),
    reasoning: reasoning.replace(/\n\n/g, ''),
    // Anthropic has one word for what was filtered and what was declined.
    stop: stop === 'content_filter' ? 'refusal' : stop,
  }))
}

/** Sums that every dialect tells, whatever it tells apart. */
function sums(usage: Usage | undefined) {
  if (!usage) return undefined
  const { inputTokens, audioInputTokens = 0, imageInputTokens = 0, videoInputTokens = 0 } = usage
  return {
    input: inputTokens + audioInputTokens + imageInputTokens + videoInputTokens,
    read: usage.cachedInputTokens,
    output: usage.outputTokens + usage.reasoningTokens,
  }
}

function expectKept(told: Reply, reply: Reply): void {
  expect(kept(told)).toEqual(kept(reply))
  if (reply.usage) expect(sums(told.usage)).toEqual(sums(reply.usage))
}

const title = recordingsMissing ? ` (${recordingsMissing})` : ''

describe.skipIf(recordingsMissing)(`an answer in another dialect${title}`, () => {
  it.each(cells)('%s survives whole in %s', (_file, _name, recording, caller) => {
    const { reply } = read(recording)
    expectKept(caller.readReply(caller.writeReply(reply, { model: 'alias' }, request)), reply)
  })

  it.each(cells)('%s survives as a stream in %s', (_file, _name, recording, caller) => {
    const { reply, events } = read(recording)
    const writer = caller.writeStream({ model: 'alias' }, request)
    const text = events.map((event) => writer.write(event)).join('')
    const told = assemble(caller.readStream().push(Buffer.from(text)))
    expect(told.isEnded).toBe(true)
    expectKept(told.reply, reply)
  })

  it.each(cells.filter(([, , { stream }]) => stream))(
    '%s is the same stream in %s, wherever it is cut',
    (_file, _name, { api, response }, caller) => {
      const bytes = Buffer.from(response.sse ?? '')
      const dialect = spokenBy[api] as ProviderDialect
      const translate = (cuts: number[]) => {
        const stream = new TranslatedStream(dialect.readStream(), caller.writeStream({ model: 'a' }, request))
        const shown = cutAt(bytes, cuts).map((chunk) => stream.push(chunk)?.toString() ?? '')
        expect(stream.isCut).toBe(false)
        return { length: withoutIds(shown.join('') + stream.ending), usage: stream.usage }
      }
      const whole = translate([])
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          expect(translate(cuts)).toEqual(whole)
        }),
        { numRuns: 4 },
      )
    },
  )
})

/** Ids and times are each stream's own. */
const withoutIds = (text: string): string =>
  text
    .replace(/"(id|item_id)":"[^"]*"/g, '"$1":""')
    .replace(/"(created|created_at|completed_at)":\d+/g, '"$1":0')
    .replace(/toolu_\w+|call_\w+/g, 'call')

const requesters: Readonly<Record<string, CallerDialect>> = {
  'chat.completions': openAiChat,
  messages: anthropicMessages,
  responses: openaiResponses,
}
const asked = recordings(({ api }) => api in requesters).filter(
  ({ request: { body } }) =>
    typeof body === 'object' && body !== null && ('messages' in body || 'input' in body),
)
const providers = [
  ['gemini-2.5-pro', gemini],
  ['gemini-3-pro-preview', gemini],
  ['eu.anthropic.claude-sonnet-4-5-20250929-v1:0', bedrockConverse],
  ['gpt-5', openaiResponses],
] as const

describe.skipIf(recordingsMissing)(`a request in another dialect${title}`, () => {
  const pairs = asked.flatMap((recording) =>
    providers.map(([model, dialect]) => [recording.file, model, recording, dialect] as const),
  )

  it.each(pairs)(
    '%s reaches %s, or is refused by a name',
    (_file, model, { api, request: { body } }, dialect) => {
      const caller = requesters[api] as CallerDialect
      try {
        const { conversation } = withoutForeignTools(caller.readRequest(body as Document), dialect.name)
        const { document } = dialect.writeRequest(conversation, { model })
        const text = JSON.stringify(document)
        for (const { parts } of conversation.turns) {
          for (const part of parts) {
            if (part.type === 'text' && part.text.trim() !== '')
              expect(text).toContain(JSON.stringify(part.text))
            if (part.type === 'tool_call') expect(text).toContain(JSON.stringify(part.name))
          }
        }
        for (const { text: instruction } of conversation.system) {
          expect(text).toContain(JSON.stringify(instruction).slice(1, -1))
        }
        for (const tool of conversation.tools) expect(text).toContain(JSON.stringify(tool.name))
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        expect(['unsupported_model', 'invalid_request']).toContain(error.code)
        expect(error.message).not.toBe('')
      }
    },
  )
})
