import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { chat, send, sendRefused } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { openOneConnection } from '../stack/one-connection.js'
import { completion, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
let connection: ReturnType<typeof openOneConnection>
let client: OpenAI

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  connection = openOneConnection({ baseURL: `${weir.url}/v1`, apiKey: scene.key })
  client = connection.client
})
afterAll(async () => {
  await connection.close()
  await upstream.stop()
})

const messages = [{ role: 'user' as const, content: 'Hello' }]

const ask = async (key: string, fields: object = {}, model = scene.model.name) => {
  const { data, response } = await client.chat.completions
    .create({ model, messages, ...fields, stream: false }, { headers: { 'idempotency-key': key } })
    .withResponse()
  return { data, isReplay: response.headers.get('x-weir-idempotent-replay') === 'true' }
}

describe('Idempotency-Key', () => {
  it('gives one answer for one call, and its row in the ledger is one', async () => {
    const model = await scene.addModel()
    let count = 0
    upstream.answer(model.name, (call) => call.reply(200, completion(`answer ${++count}`)))
    const key = unique('idem')
    const first = await ask(key, {}, model.name)
    const again = await ask(key, {}, model.name)
    expect([first.isReplay, again.isReplay]).toEqual([false, true])
    expect(again.data).toEqual(first.data)
    expect((await ask(unique('idem'), {}, model.name)).data.choices[0]?.message.content).toBe('answer 2')
    const rows = await waitForAttempts(weir.management, { key: scene.virtualKey.id, model: model.name }, 2)
    expect(rows).toHaveLength(2)
  })

  it('gives a stream again as a stream', async () => {
    const headers = { 'idempotency-key': unique('idem') }
    const stream = async () => {
      const parts = []
      const body = { model: scene.model.name, messages, stream: true } as const
      for await (const part of await client.chat.completions.create(body, { headers })) parts.push(part)
      return parts
    }
    const before = upstream.callsFor(scene.model.name).length
    const first = await stream()
    expect(await stream()).toEqual(first)
    expect(first.length).toBeGreaterThan(2)
    expect(upstream.callsFor(scene.model.name)).toHaveLength(before + 1)
  })

  it('is refused with another body, and is another one’s under another virtual key', async () => {
    const key = unique('idem')
    await ask(key)
    await expect(ask(key, { temperature: 1 })).rejects.toMatchObject({
      status: 422,
      code: 'idempotency_conflict',
    })
    const other = await scene.factory.createVirtualKey({ workspace: scene.workspace.id, team: scene.team.id })
    const { status, headers } = await send({
      ...{ url: weir.url, key: other.key, body: chat(scene.model.name), headers: { 'idempotency-key': key } },
    })
    expect([status, headers['x-weir-idempotent-replay']]).toEqual([200, undefined])
  })

  it('keeps no failure: trying again is a new call', async () => {
    const model = await scene.addModel()
    const key = unique('idem')
    let isUp = false
    upstream.answer(model.name, (call) =>
      isUp ? call.reply(200, completion('Here.')) : call.reply(500, { error: { message: 'down' } }),
    )
    await expect(ask(key, {}, model.name)).rejects.toMatchObject({ status: 502 })
    isUp = true
    expect((await ask(key, {}, model.name)).data.choices[0]?.message.content).toBe('Here.')
  })

  it('must be one', async () => {
    const { status, error } = await sendRefused({
      ...{
        url: weir.url,
        key: scene.key,
        body: chat(scene.model.name),
        headers: { 'idempotency-key': 'two words' },
      },
    })
    expect([status, error.code]).toEqual([400, 'invalid_request'])
  })

  it('makes one call for a gateway of requests at the same time', async () => {
    const model = await scene.addModel()
    upstream.answer(model.name, async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      call.reply(200, completion('Once.'))
    })
    const headers = { 'idempotency-key': unique('idem') }
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        send({ url: weir.url, key: scene.key, body: chat(model.name), headers }),
      ),
    )
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(upstream.callsFor(model.name).length).toBeLessThanOrEqual(weir.gateways.length)
  })
})
