import { describe, expect, it } from 'vitest'
import { noUsage } from '../inference/usage.js'
import { attemptedCall } from '../testing/attempted-call.js'
import { recordings } from '../testing/recordings.js'
import { embeddings } from './embeddings.js'

const recorded = (provider: string) =>
  recordings(({ api, provider: of, status }) => api === 'embeddings' && of === provider && status === 200)

describe('recorded embeddings', () => {
  it.each(recorded('openai').map((recording) => [recording.file, recording] as const))(
    '%s',
    (_, recording) => {
      const body = Buffer.from(JSON.stringify(recording.response.body))
      const attempted = attemptedCall(embeddings, recording.request.body as object)
      const { model: _model, ...sent } = recording.request.body as Record<string, unknown>
      const exchange = embeddings.exchange(attempted)
      expect(JSON.parse(exchange.body.toString())).toEqual({ ...sent, model: 'vendor-name' })
      const whole = exchange.readWhole(body, 'application/json')
      expect(whole.body).toBe(body)
      expect(whole.usage).toEqual({ ...noUsage, source: 'reported', inputTokens: recording.usage.input })
    },
  )

  it.each(recorded('gemini').map((recording) => [recording.file, recording] as const))(
    '%s',
    (_, recording) => {
      const { requests } = recording.request.body as {
        requests: { content: { parts: { text: string }[] }; outputDimensionality: number }[]
      }
      const input = requests.map(({ content }) => content.parts[0]?.text)
      const dimensions = requests[0]?.outputDimensionality
      const { embeddings: vectors } = recording.response.body as { embeddings: { values: number[] }[] }
      const ask = (fields: object) =>
        embeddings.exchange(attemptedCall(embeddings, { input, dimensions, ...fields }, { type: 'gemini' }))
      const exchange = ask({ user: 'u' })
      expect(exchange.path).toBe('/models/vendor-name:batchEmbedContents')
      expect(exchange.headers['x-goog-api-key']).toBe('secret')
      expect(exchange.ignoredFields).toEqual(['user'])
      const sent = requests.map(({ content }) => ({
        content,
        model: 'models/vendor-name',
        outputDimensionality: dimensions,
      }))
      expect(JSON.parse(exchange.body.toString())).toEqual({ requests: sent })

      const body = Buffer.from(JSON.stringify(recording.response.body))
      const whole = exchange.readWhole(body, 'application/json')
      const reply = JSON.parse(String(whole.body)) as { data: { embedding: number[] }[] }
      expect(reply).toMatchObject({ object: 'list', model: 'public-name' })
      expect(reply.data.map(({ embedding }) => embedding)).toEqual(vectors.map(({ values }) => values))
      expect(whole.usage).toMatchObject({ source: 'estimated', inputTokens: 4 })

      const packed = ask({ encoding_format: 'base64' }).readWhole(body, 'application/json')
      const { data } = JSON.parse(String(packed.body)) as { data: { embedding: string }[] }
      const floats = new Float32Array(new Uint8Array(Buffer.from(data[0]?.embedding ?? '', 'base64')).buffer)
      expect([...floats]).toEqual(vectors[0]?.values.map(Math.fround))
    },
  )

  it('of tokens are refused where they have to be translated', () => {
    expect(() =>
      embeddings.exchange(attemptedCall(embeddings, { input: [1, 2] }, { type: 'gemini' })),
    ).toThrow(/embeddings of tokens/)
  })
})

describe('recorded refusals of embeddings', () => {
  const refused = recordings(({ api, status }) => api === 'embeddings' && status >= 400)

  it.each(refused.map((recording) => [recording.file, recording] as const))('%s', (_, recording) => {
    const { status, body } = recording.response
    const type = recording.provider === 'gemini' ? 'gemini' : 'openai_compatible'
    const exchange = embeddings.exchange(attemptedCall(embeddings, { input: 'x' }, { type }))
    const { error, isOwnDialect } = exchange.readRefusal(status, Buffer.from(JSON.stringify(body)))
    expect(error).toMatchObject({ status, cause: 'other' })
    expect(JSON.stringify(body)).toContain(JSON.stringify(error.message).slice(1, -1))
    expect(error.message).not.toBe('')
    expect(isOwnDialect).toBe(type !== 'gemini')
  })
})
