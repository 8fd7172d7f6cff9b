import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import type { ReplyEvent } from '../../conversation/reply.js'
import { assemble, gistOf } from '../../testing/assemble.js'
import { converseEvent, converseException } from '../../testing/event-stream.js'
import { cutAt, recordings, recordingsMissing } from '../../testing/recordings.js'
import { openaiResponses } from '../openai-responses/openai-responses.js'
import { bedrockConverse } from './bedrock-converse.js'
import { EventStreamReader } from './event-stream.js'

const answered = recordings(({ api, status }) => api === 'converse' && status === 200)
const refused = recordings(({ file }) => file.startsWith('errors/400-bedrock'))
const title = recordingsMissing ? ` (${recordingsMissing})` : ''

function push(bytes: Buffer, cuts: number[] = []): ReplyEvent[] {
  const reader = bedrockConverse.readStream()
  return cutAt(bytes, cuts)
    .flatMap((chunk) => reader.push(chunk))
    .map((event) => (event.type === 'start' ? { ...event, created: 0 } : event))
}

describe.skipIf(recordingsMissing)(`bedrock-converse, replayed${title}`, () => {
  it.each(answered.map((recording) => [recording.file, recording] as const))(
    'reads %s',
    (_file, recording) => {
      const body = recording.response.body as Record<string, unknown>
      const reply = bedrockConverse.readReply(body)
      const blocks = objectsOf(asObject(asObject(body['output'])?.['message'])?.['content'])
      const uses = objectsOf(blocks.map(({ toolUse }) => toolUse)).filter(
        ({ type }) => type !== 'server_tool_use',
      )
      const thoughts = objectsOf(
        objectsOf(blocks.map((block) => block['reasoningContent'])).map((it) => it['reasoningText']),
      )
      expect(gistOf(reply)).toEqual([
        {
          text: blocks.map(({ text }) => asText(text) ?? '').join(''),
          refusal: '',
          reasoning: thoughts.map(({ text }) => text).join(''),
          calls: uses.map(({ name, input }) => ({ name, arguments: JSON.stringify(input) })),
          stop: recording.stop[0] === 'tool_use' ? 'tool_calls' : 'end',
        },
      ])
      const { input, output } = recording.usage
      expect(reply.usage).toMatchObject({ source: 'reported', inputTokens: input, outputTokens: output })
      const written = openaiResponses.writeReply(reply, { model: 'm' }, {})
      expect(gistOf(openaiResponses.readReply(written))).toEqual(gistOf(reply))
    },
  )

  it.each(refused.map(({ file, response }) => [file, response] as const))(
    'reads the error of %s',
    (_file, { body }) => {
      const { message } = body as { message: string }
      expect(bedrockConverse.readError(400, body)).toEqual({ status: 400, code: '', message, cause: 'other' })
    },
  )
})

const metadata = converseEvent('metadata', {
  usage: {
    ...{
      inputTokens: 10,
      outputTokens: 20,
      totalTokens: 100,
      cacheReadInputTokens: 40,
      cacheWriteInputTokens: 30,
    },
    cacheDetails: [
      { ttl: '1h', inputTokens: 12 },
      { ttl: '5m', inputTokens: 18 },
    ],
  },
  metrics: { latencyMs: 5 },
})
const delta = (contentBlockIndex: number, value: object) =>
  converseEvent('contentBlockDelta', { contentBlockIndex, delta: value, p: 'abcdef' })
const stop = (contentBlockIndex: number) => converseEvent('contentBlockStop', { contentBlockIndex })
const startUse = (contentBlockIndex: number, toolUse: object) =>
  converseEvent('contentBlockStart', { contentBlockIndex, start: { toolUse } })
const begin = converseEvent('messageStart', { role: 'assistant' })

const stream = Buffer.concat([
  begin,
  delta(0, { reasoningContent: { text: 'Let me ' } }),
  delta(0, { reasoningContent: { text: 'see.' } }),
  delta(0, { reasoningContent: { signature: 'c2ln' } }),
  stop(0),
  delta(1, { reasoningContent: { redactedContent: 'aGlkZGVu' } }),
  stop(1),
  delta(2, { text: 'Grüße, ' }),
  delta(2, { text: '世界' }),
  delta(2, { citation: { title: 'T', location: { web: { url: 'https://a.example' } } } }),
  stop(2),
  startUse(3, { toolUseId: 's', name: 'nova_code_interpreter', type: 'server_tool_use' }),
  delta(3, { toolUse: { input: '{"snippet":"1"}' } }),
  stop(3),
  startUse(4, { toolUseId: 'tooluse_1', name: 'a' }),
  delta(4, { toolUse: { input: '{"x":' } }),
  startUse(5, { toolUseId: 'tooluse_2', name: 'b' }),
  delta(4, { toolUse: { input: '1}' } }),
  delta(5, { toolUse: { input: '' } }),
  stop(4),
  stop(5),
  converseEvent('telepathy', { x: 1 }),
  converseEvent('messageStop', { stopReason: 'tool_use' }),
  metadata,
])

describe('a stream of Converse', () => {
  it('is read: thoughts and their proofs, words, sources, calls at once, what only Bedrock knows, usage', () => {
    const { reply, isEnded } = assemble(push(stream))
    expect(isEnded).toBe(true)
    expect(reply.choices).toEqual([
      {
        parts: [
          { type: 'reasoning', text: 'Let me see.', signature: { by: 'bedrock-converse', value: 'c2ln' } },
          {
            ...{ type: 'reasoning', text: '' },
            signature: { by: 'bedrock-converse', value: 'aGlkZGVu', isHidden: true },
          },
          {
            ...{ type: 'text', text: 'Grüße, 世界' },
            citations: [expect.objectContaining({ url: 'https://a.example', title: 'T' })],
          },
          {
            ...{ type: 'native', dialect: 'bedrock-converse', name: 'toolUse' },
            value: {
              toolUse: {
                ...{ toolUseId: 's', name: 'nova_code_interpreter', type: 'server_tool_use' },
                input: { snippet: '1' },
              },
            },
          },
          { type: 'tool_call', id: 'tooluse_1', name: 'a', arguments: '{"x":1}' },
          { type: 'tool_call', id: 'tooluse_2', name: 'b', arguments: '' },
        ],
        stop: { reason: 'tool_calls' },
      },
    ])
    expect(reply.usage).toEqual({
      source: 'reported',
      ...{ inputTokens: 10, cachedInputTokens: 40, cacheWriteTokens: 18, cacheWrite1hTokens: 12 },
      ...{ outputTokens: 20, reasoningTokens: 0 },
    })
  })

  it('is the same, wherever its bytes are cut', () => {
    const whole = push(stream)
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 60 }), (cuts) => {
        expect(push(stream, cuts)).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  it('never ends clean when it is cut', () => {
    const ends = (bytes: Buffer) => push(bytes).some(({ type }) => type === 'end')
    for (let length = 0; length < stream.length; length += 7)
      expect(ends(stream.subarray(0, length))).toBe(false)
    expect(ends(stream.subarray(0, stream.length - metadata.length))).toBe(false)
    expect(ends(stream)).toBe(true)
  })

  it.each([
    ['throttlingException', 429],
    ['modelStreamErrorException', 424],
    ['validationException', 400],
    ['somethingNewException', 502],
  ])('tells of a %s', (name, status) => {
    const events = push(
      Buffer.concat([begin, delta(0, { text: 'a' }), converseException(name, 'no more'), metadata]),
    )
    expect(events.at(-1)).toEqual({
      type: 'error',
      error: { status, code: name, message: 'no more', cause: 'other' },
    })
  })

  it('knows a guardrail', () => {
    const blocked = Buffer.concat([
      begin,
      delta(0, { text: 'Sorry.' }),
      stop(0),
      converseEvent('messageStop', { stopReason: 'guardrail_intervened' }),
      metadata,
    ])
    expect(gistOf(assemble(push(blocked)).reply)).toMatchObject([{ text: 'Sorry.', stop: 'content_filter' }])
  })
})

describe('an event stream', () => {
  it('is read as AWS’s own codec writes it, with headers of every type', () => {
    const message = Buffer.from(
      'AAAArwAAAIvtP42GDTptZXNzYWdlLXR5cGUHAAVldmVudAs6ZXZlbnQtdHlwZQcADG1lc3NhZ2VTdGFydARmbGFnAAFuBAAAAAUEd2hlbggAAADo1KUQAAJpZAkAESIzRFVmd4iZqrvM3e7/A3JhdwYAAwECAw06Y29udGVudC10eXBlBwAQYXBwbGljYXRpb24vanNvbnsicm9sZSI6ImFzc2lzdGFudCJ9UHsKXw==',
      'base64',
    )
    const [read] = new EventStreamReader().push(message)
    expect(read?.headers).toEqual({
      ...{ ':message-type': 'event', ':event-type': 'messageStart', ':content-type': 'application/json' },
    })
    expect(read?.payload.toString()).toBe('{"role":"assistant"}')
  })

  it('is refused where a bit has changed, anywhere', () => {
    fc.assert(
      fc.property(fc.nat(begin.length - 1), fc.nat(7), (at, bit) => {
        const broken = Buffer.from(begin)
        broken.writeUInt8(broken.readUInt8(at) ^ (1 << bit), at)
        expect(() => push(Buffer.concat([broken, stream]))).toThrow('event stream')
      }),
    )
  })

  it('is refused when it is no such stream, or a message has no end', () => {
    expect(() => push(Buffer.from('data: {"x":1}\n\ndata: [DONE]\n\n'))).toThrow('checksum')
    expect(() => push(converseEvent('metadata', { x: 'y'.repeat(9 * 1024 * 1024) }))).toThrow('8 MiB')
  })
})

describe('usage of Converse', () => {
  it.each([{}, { inputTokens: -1, outputTokens: 1 }, { inputTokens: 1, outputTokens: 1e30 }, null])(
    'is not believed when it cannot be true: %j',
    (usage) => expect(bedrockConverse.readUsage(usage)).toBeUndefined(),
  )
})
