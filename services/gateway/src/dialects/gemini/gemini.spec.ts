import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble, gistOf } from '../../testing/assemble.js'
import { cutAt, recordings, recordingsMissing, type Recording } from '../../testing/recordings.js'
import { asObject, objectsOf, parseObject } from '../../conversation/json.js'
import type { Reply, ReplyEvent } from '../../conversation/reply.js'
import { gemini } from './gemini.js'

const answered = recordings(
  ({ api, status }) => status === 200 && (api === 'generateContent' || api === 'streamGenerateContent'),
)
const refused = recordings(({ file }) => /^errors\/\d+-gemini-/.test(file))

function readStream(text: string, cuts: number[] = []): ReplyEvent[] {
  const reader = gemini.readStream()
  return cutAt(Buffer.from(text), cuts).flatMap((chunk) => reader.push(chunk))
}

const eventsOf = (sse: string) =>
  sse
    .split(/\r?\n\r?\n/)
    .filter((event) => event !== '')
    .map((event) => parseObject(event.replace(/^data: /, '')) ?? {})

function replyOf({ response }: Recording): Reply {
  if (response.sse === undefined) return gemini.readReply(response.body as Record<string, unknown>)
  const { reply, isEnded } = assemble(readStream(response.sse))
  expect(isEnded).toBe(true)
  return reply
}

const isNative = (part: object) => !('text' in part) && !('functionCall' in part)

/** What the recording itself says, read without the dialect. */
function stated({ response }: Recording) {
  const documents =
    response.sse === undefined ? [response.body as Record<string, unknown>] : eventsOf(response.sse)
  const parts = documents.flatMap((document) =>
    objectsOf(document['candidates']).flatMap((candidate) =>
      objectsOf(asObject(candidate['content'])?.['parts']),
    ),
  )
  const texts = (thought: boolean) =>
    parts
      .filter((part) => (part['thought'] === true) === thought && typeof part['text'] === 'string')
      .map((part) => part['text'])
      .join('')
  return {
    text: texts(false),
    reasoning: texts(true),
    calls: objectsOf(parts.map((part) => part['functionCall'])).map((call) => ({
      name: call['name'],
      arguments: JSON.stringify(call['args']),
    })),
    signatures: parts.flatMap((part) =>
      part['thoughtSignature'] === undefined || isNative(part) ? [] : [part['thoughtSignature']],
    ),
    natives: parts.filter(isNative).length,
    tools: documents
      .map((document) => Number(asObject(document['usageMetadata'])?.['toolUsePromptTokenCount'] ?? 0))
      .at(-1),
  }
}

const stops: Record<string, string> = {
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  MODEL_ARMOR: 'content_filter',
}

describe.skipIf(recordingsMissing)(
  `gemini, replayed${recordingsMissing ? ` (${recordingsMissing})` : ''}`,
  () => {
    it.each(answered.map((recording) => [recording.file, recording] as const))(
      'reads %s',
      (_file, recording) => {
        const reply = replyOf(recording)
        const expected = stated(recording)
        const parts = reply.choices[0]?.parts ?? []
        const [gist] = gistOf(reply)
        const { text, reasoning, calls } = expected
        expect(gist).toMatchObject({ text, reasoning, calls })
        const stop = stops[recording.stop[0] ?? ''] ?? (calls.length > 0 ? 'tool_calls' : 'end')
        expect(gist?.stop).toBe(stop)
        const signatures = parts.flatMap((part) =>
          'signature' in part && part.signature ? [part.signature.value] : [],
        )
        expect(signatures.toSorted()).toEqual(expected.signatures.toSorted())
        expect(parts.filter(({ type }) => type === 'native')).toHaveLength(expected.natives)
        expectUsage(reply, recording, expected.tools ?? 0)
      },
    )

    it.each(
      answered
        .filter(({ stream }) => stream)
        .map(({ file, response }) => [file, response.sse ?? ''] as const),
    )('tells the same of %s, wherever its bytes are cut', (_file, sse) => {
      const bytes = Buffer.from(sse)
      const whole = withoutTime(readStream(sse))
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
          expect(withoutTime(readStream(sse, cuts))).toEqual(whole)
        }),
        { numRuns: 15 },
      )
    })

    it.each(
      answered
        .filter(({ stream }) => stream)
        .map(({ file, response }) => [file, response.sse ?? ''] as const),
    )('takes %s for cut until its last event', (_file, sse) => {
      const last = sse.trimEnd().lastIndexOf('data: ')
      expect(readStream(sse.slice(0, last)).some(({ type }) => type === 'end')).toBe(false)
    })

    it.each(refused.map((recording) => [recording.file, recording] as const))(
      'reads %s',
      (_file, { response }) => {
        const error = asObject((response.body as Record<string, unknown>)['error'])
        expect(gemini.readError(response.status, response.body)).toEqual({
          status: response.status,
          code: error?.['status'],
          message: error?.['message'],
          cause: 'other',
        })
      },
    )
  },
)

/** The clock's, where the vendor names no time. */
const withoutTime = (events: ReplyEvent[]) => events.map((event) => ({ ...event, created: 0 }))

function expectUsage({ usage }: Reply, { usage: recorded }: Recording, toolPrompt: number): void {
  if (recorded.input === null) {
    expect(usage).toBeUndefined()
    return
  }
  const cached = recorded.cached ?? 0
  const count = (name: 'inputTokens' | 'audioInputTokens' | 'imageInputTokens' | 'videoInputTokens') =>
    usage?.[name] ?? 0
  expect(
    count('inputTokens') + count('audioInputTokens') + count('imageInputTokens') + count('videoInputTokens'),
  ).toBe(recorded.input - cached + toolPrompt)
  expect(usage).toMatchObject({
    source: 'reported',
    cachedInputTokens: cached,
    cacheWriteTokens: 0,
    outputTokens: recorded.output ?? 0,
    reasoningTokens: recorded.reasoning ?? 0,
  })
}
