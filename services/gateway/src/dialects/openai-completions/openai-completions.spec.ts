import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { TranslatedStream } from '../../conversation/translated-stream.js'
import { recordings, recordingsMissing } from '../../testing/recordings.js'
import { anthropicMessages } from '../anthropic-messages/anthropic-messages.js'
import { openAiCompletions as dialect } from './openai-completions.js'

const streams = recordings(({ api, stream, status }) => api === 'messages' && stream && status === 200)

describe('a text completion', () => {
  it('is asked for as a conversation of one turn', () => {
    const conversation = dialect.readRequest({
      ...{ model: 'm', prompt: ['Once'], max_tokens: 9, stop: 'x', n: 2, best_of: 2, echo: false, user: 'u' },
      novelty: 1,
    })
    expect(conversation).toEqual({
      ...{ system: [], tools: [], stream: false, tellsStreamUsage: false, user: 'u', unread: ['novelty'] },
      turns: [{ role: 'user', parts: [{ type: 'text', text: 'Once' }] }],
      sampling: { maxOutputTokens: 9, stop: ['x'], n: 2 },
    })
    expect(dialect.readRequest({ model: 'm', prompt: 'x' }).sampling.maxOutputTokens).toBe(16)
  })

  it.each([
    ['suffix', { suffix: 'x' }],
    ['echo', { echo: true }],
    ['logprobs', { logprobs: 0 }],
    ['best_of', { best_of: 3 }],
    ['several prompts', { prompt: ['a', 'b'] }],
    ['prompts of tokens', { prompt: [1, 2] }],
  ])('is refused by name for %s', (feature, request) => {
    expect(() => dialect.readRequest({ model: 'm', prompt: 'x', ...request })).toThrow(
      `cannot carry ${feature}`,
    )
  })

  it('is refused without a prompt', () => {
    expect(() => dialect.readRequest({ model: 'm' })).toThrow('prompt: must be a text')
  })

  it('is written whole with all that its schema requires', () => {
    const choice = {
      parts: [
        { type: 'reasoning' as const, text: 'Hm' },
        { type: 'text' as const, text: 'Hi' },
      ],
      stop: { reason: 'length' as const },
    }
    const reply = { id: 'x', model: 'theirs', created: 5, choices: [choice], usage: undefined }
    expect(dialect.writeReply(reply, { model: 'm' }, {})).toEqual({
      ...{ id: 'x', object: 'text_completion', created: 5, model: 'm' },
      choices: [{ text: 'Hi', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: expect.objectContaining({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }) as object,
    })
  })

  it.skipIf(recordingsMissing !== undefined).each(streams)(
    'streams $file as the SDK understands it',
    async (recording) => {
      const request = { stream: true, stream_options: { include_usage: true } }
      const stream = new TranslatedStream(
        anthropicMessages.readStream(),
        dialect.writeStream({ model: 'm' }, request),
      )
      const shown = stream.push(Buffer.from(recording.response.sse ?? ''))?.toString() ?? ''
      const client = new OpenAI({
        ...{ apiKey: 'x', baseURL: 'http://localhost/v1' },
        fetch: () =>
          Promise.resolve(
            new Response(shown + stream.ending, { headers: { 'content-type': 'text/event-stream' } }),
          ),
      })
      let text = ''
      let last: OpenAI.Completion | undefined
      for await (const chunk of await client.completions.create({ model: 'm', prompt: 'x', stream: true })) {
        expect(chunk.object).toBe('text_completion')
        text += chunk.choices[0]?.text ?? ''
        last = chunk
      }
      expect(last?.usage?.total_tokens).toBeGreaterThan(0)
      const said = [...(recording.response.sse ?? '').matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g)]
      expect(text).toBe(said.map(([, json]) => JSON.parse(json ?? '""') as string).join(''))
    },
  )

  it('passes to who speaks it as chat does, and counts the text where nobody does', () => {
    const body = dialect.toUpstreamBody({ model: 'a', prompt: 'x', stream: true }, { model: 'b' })
    expect(JSON.parse(body)).toEqual({
      model: 'b',
      prompt: 'x',
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(dialect.estimateReplyTokens({ choices: [{ text: 'abcdefgh' }] })).toBe(2)
  })
})
