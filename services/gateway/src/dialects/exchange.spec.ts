import { describe, expect, it } from 'vitest'
import { responses } from '../inference/conversation-endpoints.js'
import { conversationExchange } from '../inference/conversation-exchange.js'
import { assemble, gistOf } from '../testing/assemble.js'
import { attemptedCall } from '../testing/attempted-call.js'
import { converseEvent } from '../testing/event-stream.js'
import { openaiResponses } from './openai-responses/openai-responses.js'

const key = {
  kind: 'aws',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'x',
  sessionToken: undefined,
} as const

function attempt(type: string, request: object) {
  const attempted = attemptedCall(responses, request, { type })
  return { ...attempted, provider: { ...attempted.provider, baseUrl: 'http://127.0.0.1:5001' } }
}

describe('an exchange of responses', () => {
  it('with Bedrock is signed, and its binary stream comes as one of responses', () => {
    const attempted = attempt('bedrock', { input: 'Hi', stream: true })
    const exchange = conversationExchange('openai-responses', {
      ...attempted,
      model: { ...attempted.model, providerModel: 'amazon.nova-lite-v1:0' },
      provider: { ...attempted.provider, credential: key, region: 'eu-west-1', authorization: undefined },
    })
    expect(exchange.path).toBe('/model/amazon.nova-lite-v1%3A0/converse-stream')
    expect(exchange.headers).toMatchObject({
      'x-amz-date': expect.stringMatching(/^\d{8}T\d{6}Z$/) as string,
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
      ) as string,
    })
    expect(JSON.parse(exchange.body.toString())).toEqual({
      messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
    })
    const tap = exchange.openStream('application/vnd.amazon.eventstream')
    const bytes = Buffer.concat([
      converseEvent('messageStart', { role: 'assistant' }),
      converseEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Grüße' } }),
      converseEvent('contentBlockStop', { contentBlockIndex: 0 }),
      converseEvent('messageStop', { stopReason: 'end_turn' }),
      converseEvent('metadata', { usage: { inputTokens: 3, outputTokens: 4, cacheReadInputTokens: 5 } }),
    ])
    let shown = ''
    for (let at = 0; at < bytes.length; at += 11)
      shown += tap?.push(bytes.subarray(at, at + 11))?.toString() ?? ''
    expect(shown).not.toContain('response.completed')
    expect(tap).toMatchObject({
      isCut: false,
      usage: { inputTokens: 3, cachedInputTokens: 5, outputTokens: 4 },
    })
    const told = assemble(openaiResponses.readStream().push(Buffer.from(shown + (tap?.ending ?? ''))))
    expect(told.isEnded).toBe(true)
    expect(gistOf(told.reply)).toMatchObject([{ text: 'Grüße', stop: 'end' }])
  })

  it('with Gemini says in its address what streams, and leaves out what it cannot say', () => {
    const exchange = conversationExchange(
      'openai-responses',
      attempt('gemini', { input: 'Hi', stream: true, truncation: 'auto', tools: [], metadata: { a: 'b' } }),
    )
    expect(exchange.path).toBe('/models/vendor-name:streamGenerateContent?alt=sse')
    expect(JSON.parse(exchange.body.toString())).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    })
    expect(exchange.ignoredFields).toEqual(['truncation', 'metadata'])
  })

  it.each(['previous_response_id', 'conversation'])('needs a provider with a memory for %s', (field) => {
    const request = { input: 'Hi', [field]: 'resp_1' }
    for (const type of ['gemini', 'bedrock', 'anthropic', 'openai_compatible', 'sandbox']) {
      expect(() => conversationExchange('openai-responses', attempt(type, request))).toThrow(
        expect.objectContaining({ code: 'unsupported_model', options: { param: field } }) as Error,
      )
    }
    const { body } = conversationExchange('openai-responses', attempt('openai', request))
    expect(JSON.parse(body.toString())).toEqual({ ...request, model: 'vendor-name' })
  })

  it('with OpenAI passes byte for byte', () => {
    const exchange = conversationExchange('openai-responses', attempt('openai', { input: 'Hi', made_up: 1 }))
    const reply = {
      id: 'resp_1',
      output: [],
      usage: { input_tokens: 2, output_tokens: 1 },
      made_up: { x: [1] },
    }
    const body = Buffer.from(JSON.stringify(reply))
    const whole = exchange.readWhole(body, 'application/json')
    expect(whole).toMatchObject({ body, usage: { inputTokens: 2, outputTokens: 1 } })
    expect(exchange.ignoredFields).toEqual([])
  })
})
