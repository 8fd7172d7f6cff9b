import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, eventsOf, send, type WholeReply } from '../stack/client.js'
import { chunk, completion, RawUpstream, type ReceivedCall, sse } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
let providerModel: string

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  providerModel = 'vendor/its-own-name:2026'
  scene = await createScene(weir, {
    ...{ baseUrl: upstream.baseUrl, provider: { api_key: 'sk-of-the-provider' } },
    model: { provider_model: providerModel },
  })
})
afterAll(() => upstream.stop())

/** Sends a body as it is and gives back the reply and what the upstream got of it. */
async function pass(body: string | Buffer, headers = {}): Promise<{ reply: WholeReply; call: ReceivedCall }> {
  const before = upstream.calls.length
  const reply = await send({ url: weir.url, key: scene.key, body, headers })
  const call = upstream.calls[before]
  if (!call) throw new Error(`The upstream was not called: ${reply.status} ${reply.text}`)
  return { reply, call }
}

/** A request with all that a gateway could lose on the way, as JSON.stringify writes it. */
const demanding = (model: string, more = ''): string =>
  `{"model":${JSON.stringify(model)},"messages":[` +
  '{"role":"system","content":"Grüße, 世界 🌊 \\u0007 \\"quoted\\" \\\\ </script>"},' +
  '{"role":"user","content":[{"type":"text","text":"What is this?"},' +
  `{"type":"image_url","image_url":{"url":"data:image/png;base64,${'A'.repeat(300_000)}","detail":"low"}},` +
  '{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]},' +
  '{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1.0}"}}]},' +
  '{"role":"tool","tool_call_id":"call_1","content":"42"}],' +
  '"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"number","const":1e+21}}}}}],' +
  '"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,' +
  '"seed":9223372036854775807,"top_p":0.1234567890123456789,"logit_bias":{"50256":-100},' +
  '"metadata":{"model":"not this one","stream_options":"nor this"},"api_base":"http://127.0.0.1:1/",' +
  `"future_field":{"nested":[null,true,[[]],{}],"big":-123456789012345678901234567890}${more}}`

describe('a request on its way to the provider', () => {
  it('is untouched but for the model: unknown fields, tools, parts, long numbers', async () => {
    const { reply, call } = await pass(demanding(scene.model.name))
    expect(reply.status).toBe(200)
    expect(call.body.toString() === demanding(providerModel)).toBe(true)
    expect(call.path).toBe('/v1/chat/completions')
  })

  it('asks for usage in a stream, beside what else the caller asked for', async () => {
    const options = ',"stream":true,"stream_options":{"include_obfuscation":false,"x":12345678901234567890'
    const { call } = await pass(demanding(scene.model.name, `${options}}`))
    expect(call.body.toString() === demanding(providerModel, `${options},"include_usage":true}`)).toBe(true)
  })

  it.each([
    ['absent', ''],
    ['null', ',"stream_options":null'],
    ['empty', ',"stream_options":{}'],
    ['against it', ',"stream_options":{"include_usage":false}'],
  ])('asks for usage in a stream when the options are %s', async (_, options) => {
    const { call } = await pass(`{"model":"${scene.model.name}","messages":[],"stream":true${options}}`)
    expect(call.document['stream_options']).toEqual({ include_usage: true })
  })

  it('has no stream_options of ours when it is not streamed', async () => {
    const { call } = await pass(`{"model":"${scene.model.name}","messages":[],"stream":false}`)
    expect(Object.keys(call.document)).toEqual(['model', 'messages', 'stream'])
  })

  it('carries the provider’s credential and nothing of the caller’s', async () => {
    const { call } = await pass(JSON.stringify(chat(scene.model.name)), {
      'x-api-key': scene.key,
      cookie: 'session=canary-cookie',
      'x-forwarded-for': '10.9.8.7',
      'x-internal-user': 'canary-internal',
      'proxy-authorization': 'Basic canary-proxy',
      'openai-organization': 'org-canary',
    })
    expect(call.request.headers.authorization).toBe('Bearer sk-of-the-provider')
    const received = call.request.rawHeaders.join('\n') + call.body.toString()
    for (const secret of [scene.key, 'vk_', 'canary', '10.9.8.7', weir.masterKey])
      expect(received).not.toContain(secret)
    expect(call.request.headers.host).toBe(`127.0.0.1:${upstream.port}`)
  })

  it('is taken at both paths, and with the key in either header', async () => {
    for (const path of ['/v1/chat/completions', '/chat/completions', '/v1/chat/completions?api-version=1']) {
      const body = chat(scene.model.name)
      expect((await send({ url: weir.url, key: scene.key, path, body })).status).toBe(200)
      expect((await send({ url: weir.url, path, body, headers: { 'x-api-key': scene.key } })).status).toBe(
        200,
      )
    }
  })

  it('may wait to be asked on, as curl does with a long one', async () => {
    const body = JSON.stringify(chat(scene.model.name))
    const call = request(`${weir.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${scene.key}`,
        'content-length': body.length,
        expect: '100-continue',
      },
    })
    await once(
      call.on('response', () => undefined),
      'continue',
    )
    call.end(body)
    const [reply] = (await once(call, 'response')) as [IncomingMessage]
    reply.resume()
    expect(reply.statusCode).toBe(200)
  })

  it('may be long, and chunked', async () => {
    const long = 'x'.repeat(8 * 1024 * 1024)
    const body = JSON.stringify(chat(scene.model.name, { user: long }))
    const before = upstream.calls.length
    const reply = await fetch(`${weir.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: new Blob([body]).stream(),
      duplex: 'half',
    })
    expect(reply.status).toBe(200)
    expect(upstream.calls[before]?.document['user'] === long).toBe(true)
  })
})

describe('a reply on its way back', () => {
  const answerWith = (body: string | Buffer, status = 200, headers = {}): void =>
    upstream.answer(providerModel, (call) => call.reply(status, body, headers))

  it('is the same byte for byte', async () => {
    const body = `{ "id" : "x",\r\n\t"choices":[{"message":{"content":"\\u00fc ü 🌊 \\/"}}], "n": 12345678901234567890.10,"usage":{"prompt_tokens":1,"completion_tokens":1} }\n\n`
    answerWith(body, 200, {
      'content-type': 'application/json; charset=utf-8',
      'x-vendor': 'theirs',
      'set-cookie': 'a=b',
    })
    const { reply } = await pass(JSON.stringify(chat(scene.model.name)))
    expect(reply.text).toBe(body)
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(reply.headers['content-length']).toBe(String(Buffer.byteLength(body)))
    expect(reply.headers['set-cookie']).toBeUndefined()
  })

  it('comes after hints that are none', async () => {
    upstream.answer(providerModel, (call) => {
      call.response.writeProcessing()
      call.response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      call.reply(200, completion('After the hints.'))
    })
    const { reply } = await pass(JSON.stringify(chat(scene.model.name)))
    expect([reply.status, JSON.parse(reply.text)]).toEqual([200, completion('After the hints.')])
  })

  it('is a stream however its type is written', async () => {
    upstream.answer(providerModel, (call) => {
      call.startStream({ 'content-type': 'Text/Event-Stream; charset=utf-8' })
      call.end(sse(chunk('Hi', { usage: undefined })) + sse('[DONE]'))
    })
    const { reply } = await pass(JSON.stringify(chat(scene.model.name, { stream: true })))
    expect(eventsOf(reply.text).at(-1)).toBe('[DONE]')
  })

  it('comes over a new connection when the provider has closed the last', async () => {
    upstream.answer(providerModel, (call) => {
      call.reply(200, completion('.'))
      call.response.once('finish', () => setTimeout(() => call.socket.end(), 20))
    })
    for (let index = 0; index < 5; index += 1) {
      const { reply, call } = await pass(JSON.stringify(chat(scene.model.name)))
      expect(reply.status).toBe(200)
      if (!call.socket.destroyed) await once(call.socket, 'close')
    }
  })

  it.each([400, 409, 413, 422])(
    'is the provider’s own when it refuses the request itself (%i)',
    async (status) => {
      const body = `{"error" : {"message":"messages[0]: wrong","type":"invalid_request_error","param":"messages","code":"own_code"}}`
      answerWith(body, status)
      const { reply } = await pass(JSON.stringify(chat(scene.model.name)))
      expect([reply.status, reply.text]).toEqual([status, body])
      expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
        ...{ outcome: 'failed', upstream_status: status, cost_usd: '0.000000000', usage_source: 'none' },
      })
    },
  )

  it('has an id that is the caller’s when it is harmless, and that finds the attempt', async () => {
    answerWith(JSON.stringify(completion('.')))
    const body = JSON.stringify(chat(scene.model.name))
    const { reply } = await pass(body, { 'x-request-id': `my-request.${scene.team.id}` })
    expect(reply.headers['x-request-id']).toBe(`my-request.${scene.team.id}`)
    await waitForAttempt(weir.management, reply.headers['x-request-id'])
    for (const id of ['a b', 'x'.repeat(200), 'é', '<script>']) {
      const { reply } = await pass(body, { 'x-request-id': Buffer.from(id).toString('latin1') })
      expect(reply.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
    }
  })
})
