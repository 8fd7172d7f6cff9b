import { describe, expect, it } from 'vitest'
import type { DialectName } from '../conversation/conversation.js'
import { SseReader } from '../conversation/sse.js'
import { TranslatedStream } from '../conversation/translated-stream.js'
import { dialects } from '../inference/dialects.js'
import { converseException } from '../testing/event-stream.js'
import { published } from '../testing/published.js'
import { framed, type Spoken } from '../testing/told.js'

const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
const said: Readonly<Record<string, Spoken>> = {
  'openai-chat': [['', { ...chunk, choices: [{ index: 0, delta: { content: 'So' }, finish_reason: null }] }]],
  'anthropic-messages': [
    [
      'message_start',
      { type: 'message_start', message: { id: 'm', usage: { input_tokens: 1, output_tokens: 1 } } },
    ],
    [
      'content_block_start',
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ],
    [
      'content_block_delta',
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'So' } },
    ],
  ],
  'openai-responses': [
    ['response.created', { type: 'response.created', response: { id: 'resp_1' } }],
    [
      'response.output_text.delta',
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'So' },
    ],
  ],
  gemini: [['', { candidates: [{ content: { parts: [{ text: 'So' }] } }] }]],
  'bedrock-converse': [['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'So' } }]],
}

const failed = (code: string, message = 'Sorry.') => ({
  type: 'response.failed',
  response: { id: 'resp_1', status: 'failed', error: { code, message } },
})
/** What each vendor says in the midst of a stream, and the status that it would have had. */
const failures: [name: string, from: DialectName, error: Spoken | Buffer, status: number][] = [
  [
    'OpenAI',
    'openai-chat',
    [['', { error: { message: 'Sorry.', type: 'server_error', param: null, code: null } }]],
    502,
  ],
  [
    'OpenRouter',
    'openai-chat',
    [['', { ...chunk, error: { code: 429, message: 'Sorry.' }, choices: [] }]],
    429,
  ],
  [
    'Groq',
    'openai-chat',
    [
      [
        'error',
        {
          error: {
            message: 'Sorry.',
            type: 'invalid_request_error',
            code: 'tool_use_failed',
            status_code: 400,
          },
        },
      ],
    ],
    400,
  ],
  [
    'vLLM',
    'openai-chat',
    [
      [
        '',
        { error: { object: 'error', message: 'Sorry.', type: 'BadRequestError', param: null, code: 400 } },
      ],
    ],
    400,
  ],
  [
    'Anthropic, overloaded,',
    'anthropic-messages',
    [
      [
        'error',
        { type: 'error', error: { type: 'overloaded_error', message: 'Sorry.' }, request_id: 'req_1' },
      ],
    ],
    529,
  ],
  [
    'Anthropic, limited,',
    'anthropic-messages',
    [['error', { type: 'error', error: { type: 'rate_limit_error', message: 'Sorry.', details: null } }]],
    429,
  ],
  [
    'Anthropic, failing,',
    'anthropic-messages',
    [['error', { type: 'error', error: { type: 'api_error', message: 'Sorry.' } }]],
    500,
  ],
  [
    'Responses',
    'openai-responses',
    [
      [
        'error',
        { type: 'error', code: 'rate_limit_exceeded', message: 'Sorry.', param: null, sequence_number: 3 },
      ],
    ],
    429,
  ],
  [
    'Responses, nested,',
    'openai-responses',
    [
      [
        'error',
        { type: 'error', error: { type: 'server_error', code: null, message: 'Sorry.', param: null } },
      ],
    ],
    502,
  ],
  ['a response that failed', 'openai-responses', [['response.failed', failed('server_error')]], 502],
  ['a response without credit', 'openai-responses', [['response.failed', failed('insufficient_quota')]], 429],
  ['Gemini', 'gemini', [['', { error: { code: 503, message: 'Sorry.', status: 'UNAVAILABLE' } }]], 503],
  ['Bedrock', 'bedrock-converse', converseException('throttlingException', 'Sorry.'), 429],
]

/** A stream that says something, and then that it failed. */
function broken(caller: DialectName, from: DialectName, error: Spoken | Buffer) {
  const reader = dialects[from].provider?.readStream()
  const writer = dialects[caller].caller?.writeStream({ model: 'm' }, {})
  if (!reader || !writer) throw new Error('Nobody speaks so.')
  const stream = new TranslatedStream(reader, writer)
  const begun = stream.push(framed(from, said[from] ?? []))?.toString() ?? ''
  const ended = stream.push(Buffer.isBuffer(error) ? error : framed(from, error))?.toString() ?? ''
  expect(stream).toMatchObject({ failed: true, done: false, isCut: false, ending: '' })
  const events = new SseReader()
    .push(Buffer.from(ended))
    .map(({ event, data }) => ({ event, value: JSON.parse(data) as unknown }))
  return { begun, events }
}

const typesOfOpenAi: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  429: 'rate_limit_error',
}
const typesOfAnthropic: Readonly<Record<number, string>> = {
  ...{
    400: 'invalid_request_error',
    429: 'rate_limit_error',
    503: 'overloaded_error',
    529: 'overloaded_error',
  },
}

describe.each(failures)('%s, which fails in the midst of a stream,', (_name, from, error, status) => {
  it('does so to callers of Chat Completions', () => {
    const { begun, events } = broken('openai-chat', from, error)
    expect(begun).toContain('"So"')
    expect(events).toHaveLength(1)
    expect(published.openaiError(events[0]?.value)).toEqual([])
    const type = typesOfOpenAi[status] ?? 'server_error'
    expect(events[0]?.value).toMatchObject({ error: { message: 'Sorry.', type } })
  })

  it('does so to callers of Messages', () => {
    const { events } = broken('anthropic-messages', from, error)
    expect(events.map(({ event }) => event)).toEqual(['error'])
    expect(published.anthropicError({ request_id: null, ...(events[0]?.value as object) })).toEqual([])
    const type = typesOfAnthropic[status] ?? 'api_error'
    expect(events[0]?.value).toMatchObject({ error: { message: 'Sorry.', type } })
  })

  it('does so to callers of Responses, twice', () => {
    const { events } = broken('openai-responses', from, error)
    expect(events.map(({ event }) => event)).toEqual(['error', 'response.failed'])
    expect(published.responseError(events[0]?.value)).toEqual([])
    // OpenAI itself says it, Codex goes by it, and the published list of codes leaves it out.
    const problems = published.responseEvent(events[1]?.value)
    expect(problems.filter((problem) => !problem.includes('"insufficient_quota"'))).toEqual([])
  })
})
