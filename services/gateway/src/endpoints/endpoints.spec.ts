import { rate, type UsageUnit } from '@weir/rating'
import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../inference/endpoint.js'
import { noUsage } from '../inference/usage.js'
import { attemptedCall } from '../testing/attempted-call.js'
import { embeddings } from './embeddings.js'
import { images } from './images.js'
import { moderations } from './moderations.js'
import { fieldPart, readForm, writeForm } from './multipart.js'
import { rerank } from './rerank.js'
import { secondsOfSound, secondsOfSubtitles } from './sound-length.js'
import { speech } from './speech.js'
import { transcriptions } from './transcriptions.js'

const refusal = (code: string, param: string): unknown =>
  expect.objectContaining({ code, options: expect.objectContaining({ param }) as object })

const sound = Buffer.alloc(16_000)
const file = {
  ...{ name: 'file', filename: 'a.mp3', content: sound },
  head: 'content-disposition: form-data; name="file"; filename="a.mp3"\r\ncontent-type: audio/mpeg',
}
const recordingForm = (...fields: [name: string, value: string][]) => ({
  body: writeForm([...fields.map(([name, value]) => fieldPart(name, value)), file], 'b'),
  contentType: 'multipart/form-data; boundary=b',
})

/** A request that each endpoint takes. */
const requests: [Endpoint, object][] = [
  [embeddings, { input: 'Hello' }],
  [images, { prompt: 'A weir' }],
  [speech, { input: 'Hello', voice: 'alloy' }],
  [transcriptions, recordingForm(['model', 'public-name'])],
  [moderations, { input: 'Hello' }],
  [rerank, { query: 'Hello', documents: ['a', 'b'] }],
]

function usageOf(endpoint: Endpoint, request: object, reply: object, soldBy: readonly UsageUnit[]) {
  const attempted = attemptedCall(endpoint, request, { type: 'openai_compatible', soldBy })
  const whole = endpoint.exchange(attempted).readWhole(Buffer.from(JSON.stringify(reply)), 'application/json')
  return { usage: whole.usage, price: attempted.model.prices[0]! }
}

describe.each(requests.map(([endpoint, request]) => [endpoint.name, endpoint, request] as const))(
  '%s',
  (name, endpoint, request) => {
    it('goes to a provider that offers it, under the provider’s own name of the model', () => {
      const exchange = endpoint.exchange(attemptedCall(endpoint, request, { type: 'openai_compatible' }))
      expect(exchange.path).toMatch(/^\/(embeddings|images|audio|moderations|rerank)/)
      expect(exchange.headers['authorization']).toBe('Bearer secret')
      expect(exchange.body.toString()).toContain('vendor-name')
      expect(exchange.body.toString()).not.toContain('public-name')
    })

    it.each(['anthropic', 'bedrock'])('is refused by its name where a provider has none: %s', (type) => {
      expect(() => endpoint.exchange(attemptedCall(endpoint, request, { type }))).toThrow(
        refusal('unsupported_model', name),
      )
    })

    it('passes a refusal on in the provider’s words', () => {
      const exchange = endpoint.exchange(attemptedCall(endpoint, request, { type: 'openai_compatible' }))
      const body = { error: { message: 'No.', type: 'invalid_request_error', code: 'nope' } }
      expect(exchange.readRefusal(400, Buffer.from(JSON.stringify(body)))).toMatchObject({
        isOwnDialect: true,
        error: { status: 400, code: 'nope', message: 'No.' },
      })
      expect(exchange.readRefusal(502, Buffer.from('<html>')).error.status).toBe(502)
    })
  },
)

describe('a request', () => {
  it.each([
    [embeddings, {}, 'input'],
    [embeddings, { input: [] }, 'input'],
    [images, { prompt: 5 }, 'prompt'],
    [images, { prompt: 'A weir', n: 0 }, 'n'],
    [speech, { voice: 'alloy' }, 'input'],
    [speech, { input: 'Hello' }, 'voice'],
    [moderations, {}, 'input'],
    [rerank, { query: 'Hello' }, 'documents'],
    [rerank, { documents: ['a'] }, 'query'],
    [transcriptions, recordingForm(), 'model'],
    [transcriptions, recordingForm(['model', 'm'], ['stream', 'yes']), 'stream'],
    [transcriptions, recordingForm(['model', 'm'], ['model', 'n']), 'model'],
    [
      transcriptions,
      { body: writeForm([fieldPart('model', 'm')], 'b'), contentType: 'multipart/form-data; boundary=b' },
      'file',
    ],
  ] as const)('is refused: $2 of $0.name', (endpoint, request, param) => {
    expect(() => attemptedCall(endpoint, request)).toThrow(refusal('invalid_request', param))
  })
})

describe('what was used', () => {
  const image = { data: [{ b64_json: '' }, { b64_json: '' }] }
  const imageUsage = {
    ...{ input_tokens: 50, output_tokens: 4_160, total_tokens: 4_210 },
    ...{ input_tokens_details: { text_tokens: 10, image_tokens: 40 } },
  }
  const spoken = {
    input_tokens: 14,
    input_token_details: { text_tokens: 4, audio_tokens: 10 },
    output_tokens: 45,
  }
  const search = { results: [], meta: { billed_units: { search_units: 1 } } }
  const form = recordingForm(['model', 'm'])

  it.each([
    [
      'OpenAI’s embeddings',
      embeddings,
      { input: 'x' },
      { usage: { prompt_tokens: 7, total_tokens: 7 } },
      ['input'],
      { inputTokens: 7 },
    ],
    [
      'Voyage’s embeddings',
      embeddings,
      { input: 'x' },
      { usage: { total_tokens: 7 } },
      ['input'],
      { inputTokens: 7 },
    ],
    [
      'images by the token',
      images,
      { prompt: 'x' },
      { ...image, usage: imageUsage },
      ['input', 'output'],
      { inputTokens: 10, imageInputTokens: 40, imageOutputTokens: 4_160 },
    ],
    ['images by the piece', images, { prompt: 'x', n: 2 }, image, ['image'], { images: 2 }],
    [
      'images that are sold by the piece, though tokens are told',
      images,
      { prompt: 'x' },
      { ...image, usage: imageUsage },
      ['image'],
      { images: 2 },
    ],
    ['moderations', moderations, { input: 'x' }, { results: [] }, ['request'], { chargedRequests: 1 }],
    [
      'moderations by the token',
      moderations,
      { input: 'x' },
      { results: [], usage: { prompt_tokens: 3 } },
      ['input'],
      { inputTokens: 3 },
    ],
    ['Cohere’s rerank', rerank, { query: 'x', documents: ['a'] }, search, ['search'], { searches: 1 }],
    [
      'Jina’s rerank',
      rerank,
      { query: 'x', documents: ['a'] },
      { results: [], usage: { total_tokens: 9 } },
      ['input'],
      { inputTokens: 9 },
    ],
    [
      'a rerank that does not say',
      rerank,
      { query: 'x', documents: Array(201).fill('a') },
      { results: [] },
      ['search'],
      { searches: 3, source: 'estimated' },
    ],
    [
      'whisper’s transcriptions',
      transcriptions,
      form,
      { text: 'x', usage: { type: 'duration', seconds: 8.47 } },
      ['second'],
      { audioSeconds: 9 },
    ],
    [
      'verbose transcriptions',
      transcriptions,
      form,
      { text: 'x', duration: 8.47 },
      ['second'],
      { audioSeconds: 9 },
    ],
    [
      'transcriptions by the token',
      transcriptions,
      form,
      { text: 'x', usage: { type: 'tokens', ...spoken } },
      ['input', 'output', 'audio_input'],
      { inputTokens: 4, audioInputTokens: 10, outputTokens: 45 },
    ],
    [
      'transcriptions that do not say',
      transcriptions,
      form,
      { text: 'x' },
      ['second'],
      { audioSeconds: 2, source: 'estimated' },
    ],
  ] as const)('by %s is read, and has its cost', (_, endpoint, request, reply, soldBy, expected) => {
    const { usage, price } = usageOf(endpoint, request, reply, soldBy)
    expect(usage).toEqual({ ...noUsage, source: 'reported', ...expected })
    const { source: _source, ...counts } = { source: '', ...expected }
    const units = Object.values(counts).reduce((sum: number, count) => sum + Number(count), 0)
    expect(rate(usage ?? noUsage, price)).toBe(BigInt(units) * 1_000n)
  })

  it('is what was sent when the provider’s counts cannot be true', () => {
    const reply = { usage: { prompt_tokens: -1, total_tokens: 'many' } }
    const { usage } = usageOf(embeddings, { input: ['x'.repeat(40), [1, 2]] }, reply, ['input'])
    expect(usage).toEqual({ ...noUsage, source: 'estimated', inputTokens: 12 })
  })

  it.each([
    [embeddings, { input: 'x'.repeat(40) }, ['input'], { inputTokens: 10 }],
    [images, { prompt: 'x', n: 3 }, ['image'], { images: 3 }],
    [images, { prompt: 'x'.repeat(40), n: 2 }, ['output'], { inputTokens: 10, imageOutputTokens: 2_112 }],
    [speech, { input: 'Hello', voice: 'a' }, ['character'], { characters: 5 }],
    [transcriptions, form, ['second'], { audioSeconds: 2 }],
    [transcriptions, form, ['input'], { audioInputTokens: 20 }],
    [moderations, { input: 'x' }, ['request'], { chargedRequests: 1 }],
    [rerank, { query: 'x', documents: Array(101).fill('a') }, ['search'], { searches: 2 }],
  ] as const)(
    'by $0.name whose answer never comes is what was sent: $3',
    (endpoint, request, soldBy, used) => {
      const exchange = endpoint.exchange(
        attemptedCall(endpoint, request, { type: 'openai_compatible', soldBy }),
      )
      expect(exchange.expected).toEqual({ ...noUsage, source: 'estimated', ...used })
    },
  )

  it.each([
    [['character'], 'Grüße 🌊', 'mp3', { characters: 7 }],
    [['input', 'output'], 'x'.repeat(60), 'mp3', { inputTokens: 15, audioOutputTokens: 84 }],
    [['input', 'output'], 'x'.repeat(60), 'pcm', { inputTokens: 15, audioOutputTokens: 21 }],
  ] as const)('by speech sold by %j is counted from %s', (soldBy, input, format, expected) => {
    const request = { input, voice: 'alloy', response_format: format }
    const exchange = speech.exchange(attemptedCall(speech, request, { soldBy }))
    const tap = exchange.openStream('audio/mpeg')
    expect(tap?.push(Buffer.alloc(48_000))).toHaveLength(48_000)
    expect(exchange.streamType).toBe('audio/mpeg')
    expect(tap?.usage).toEqual({ ...noUsage, source: 'estimated', ...expected })
  })

  it('by text and subtitles is how long they say, else how long the sound is', () => {
    const exchange = () =>
      transcriptions.exchange(attemptedCall(transcriptions, form, { soldBy: ['second'] }))
    const read = (text: string) => exchange().readWhole(Buffer.from(text), 'text/plain').usage?.audioSeconds
    expect(read('1\n00:00:00,000 --> 00:01:02,500\nHello\n')).toBe(63)
    expect(read('WEBVTT\n\n00:00.000 --> 00:04.000\nHello\n')).toBe(4)
    expect(read('Hello')).toBe(2)
  })
})

describe('a transcription', () => {
  it('sends the form as it came, but for the name of the model', () => {
    const request = recordingForm(
      ['model', 'public-name'],
      ['language', 'de'],
      ['temperature', '0.20'],
      ['include[]', 'logprobs'],
    )
    const { body, headers } = transcriptions.exchange(attemptedCall(transcriptions, request))
    const parts = readForm(body as Buffer, headers['content-type'] ?? '')
    expect(
      parts.map(({ name, content }) => [name, content.length > 100 ? sound : content.toString()]),
    ).toEqual(
      expect.arrayContaining([
        ...[
          ['model', 'vendor-name'],
          ['language', 'de'],
          ['temperature', '0.20'],
          ['include[]', 'logprobs'],
        ],
        ['file', sound],
      ]),
    )
    expect(parts).toHaveLength(5)
    expect(parts.at(-1)?.head).toBe(file.head)
  })
})

describe('the length of sound', () => {
  it('is that of its WAV header', () => {
    const wav = Buffer.alloc(44 + 96_000)
    wav.write('RIFF', 0)
    wav.write('WAVEfmt ', 8)
    wav.writeUInt32LE(16, 16)
    wav.writeUInt32LE(32_000, 28)
    wav.write('data', 36)
    wav.writeUInt32LE(0xffff_ffff, 40)
    expect(secondsOfSound(wav)).toBe(3)
    expect(secondsOfSound(wav.subarray(0, 30))).toBe(1)
    expect(secondsOfSubtitles('no cue')).toBeUndefined()
  })
})

describe('streams', () => {
  const event = (data: object) =>
    `event: ${(data as { type: string }).type}\ndata: ${JSON.stringify(data)}\n\n`

  it.each([
    [
      images,
      { prompt: 'x', stream: true },
      { type: 'image_generation.partial_image', b64_json: 'AAAA' },
      { type: 'image_generation.completed', b64_json: 'AAAA', usage: { input_tokens: 3, output_tokens: 5 } },
      { inputTokens: 3, imageOutputTokens: 5 },
    ],
    [
      speech,
      { input: 'x', voice: 'a', stream_format: 'sse' },
      { type: 'speech.audio.delta', audio: 'AAAA' },
      { type: 'speech.audio.done', usage: { input_tokens: 3, output_tokens: 5 } },
      { inputTokens: 3, audioOutputTokens: 5 },
    ],
    [
      transcriptions,
      recordingForm(['model', 'm'], ['stream', 'true']),
      { type: 'transcript.text.delta', delta: 'ü' },
      {
        type: 'transcript.text.done',
        text: 'ü',
        usage: { type: 'tokens', input_tokens: 3, output_tokens: 5 },
      },
      { inputTokens: 3, audioInputTokens: 0, outputTokens: 5 },
    ],
  ] as const)(
    'pass byte for byte, and hold back their end: $0.name',
    (endpoint, request, delta, done, used) => {
      const exchange = endpoint.exchange(attemptedCall(endpoint, request))
      const bytes = Buffer.from(event(delta) + event(delta) + event(done))
      for (const cut of [1, 40, bytes.length - 30, bytes.length]) {
        const tap = exchange.openStream('text/event-stream; charset=utf-8')!
        const shown = [bytes.subarray(0, cut), bytes.subarray(cut)].map((chunk) => tap.push(chunk) ?? '')
        expect(shown.join('') + tap.ending).toBe(bytes.toString())
        expect(tap.ending).toBe(event(done))
        expect([tap.isCut, tap.failed]).toEqual([false, false])
        expect(tap.usage).toEqual({ ...noUsage, source: 'reported', ...used })
      }
      const cut = exchange.openStream('text/event-stream')!
      cut.push(Buffer.from(event(delta)))
      expect(cut.isCut).toBe(true)
      expect(cut.usage).toEqual(exchange.expected)
      const failed = exchange.openStream('text/event-stream')!
      failed.push(Buffer.from(event({ type: 'error', error: { message: 'No.' } })))
      expect([failed.failed, failed.isCut]).toEqual([true, false])
    },
  )
})
