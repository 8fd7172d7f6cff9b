import { generateVirtualKey } from '@weir/secrets'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send, sendRefused } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { matching } from '../stack/matchers.js'
import { sumOfGateways } from '../stack/metrics.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

const body = (): string => JSON.stringify(chat(scene.model.name))

/** That nothing has been broken: a good request is still answered. */
async function expectAlive(): Promise<void> {
  expect((await send({ url: weir.url, key: scene.key, body: body() })).status).toBe(200)
}

describe('a body (threat 13)', () => {
  /** What the upstream got of a body; undefined when it was refused. */
  async function received(text: string): Promise<{ status: number; sent: string | undefined }> {
    const calls = upstream.calls.length
    const reply = await send({ url: weir.url, key: scene.key, body: text })
    return { status: reply.status, sent: upstream.calls[calls]?.body.toString() }
  }

  it('with a field twice is judged and sent in the same reading', async () => {
    const forbidden = await scene.factory.createModel({ provider: scene.provider.id })
    const { key } = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, team: scene.team.id, models: [scene.model.name] },
    })
    const ask = (first: string, second: string) =>
      send({
        url: weir.url,
        key,
        body: `{"model":"${first}","messages":[],"model":"${second}","mod\\u0065l":"${second}"}`,
      })
    const calls = upstream.calls.length
    expect((await ask(scene.model.name, forbidden.name)).status).toBe(403)
    expect(upstream.calls).toHaveLength(calls)
    expect((await ask(forbidden.name, scene.model.name)).status).toBe(200)
    expect(upstream.calls.at(-1)?.body.toString()).toBe(`{"model":"${scene.model.name}","messages":[]}`)
  })

  it('with a model of another spelling beside it gains nothing by it', async () => {
    const { sent } = await received(
      `{"Model":"gpt-4","MODEL":"gpt-4","model ":"gpt-4","model":"${scene.model.name}","messages":[]}`,
    )
    expect(JSON.parse(sent ?? '')).toMatchObject({ model: scene.model.name })
    expect(await received(`{"Model":"${scene.model.name}","messages":[]}`)).toMatchObject({
      status: 400,
      sent: undefined,
    })
  })

  it('reaches no prototype', async () => {
    const text =
      `{"model":"${scene.model.name}","__proto__":{"stream":true,"admin":true},` +
      `"constructor":{"prototype":{"stream":true}},"messages":[]}`
    expect(await received(text)).toMatchObject({ status: 200, sent: text })
    expect((await received(`{"__proto__":{"model":"${scene.model.name}"},"messages":[]}`)).status).toBe(400)
    expect(JSON.parse((await received(body())).sent ?? '')).toEqual(chat(scene.model.name))
  })

  it.each([
    ['10,000 levels', `[`.repeat(10_000) + ']'.repeat(10_000)],
    ['millions of levels', '['.repeat(3_000_000)],
    ['millions of objects', '{"a":'.repeat(1_000_000)],
    ['millions of values', `[${'0,'.repeat(3_000_000)}0]`],
  ])('of %s is refused, and holds nobody up', async (_, value) => {
    const began = performance.now()
    const text = `{"model":"${scene.model.name}","messages":[],"x":${value}}`
    const hostile = sendRefused({ url: weir.url, key: scene.key, body: text })
    const others = Promise.all(
      Array.from({ length: 8 }, () => send({ url: weir.url, key: scene.key, body: body() })),
    )
    expect(new Set((await others).map(({ status }) => status))).toEqual(new Set([200]))
    expect(performance.now() - began).toBeLessThan(2_000)
    const { status, error } = await hostile
    expect([status, error.code, error.message]).toEqual([
      400,
      'invalid_request',
      matching(/deeper|more than/),
    ])
    expect(upstream.calls.filter((call) => call.body.includes('"x"'))).toEqual([])
  })

  it('keeps numbers that no double holds', async () => {
    const text = `{"model":"${scene.model.name}","messages":[],"a":1e400,"b":-1E+999,"c":1e-400,"d":123456789012345678901}`
    expect((await received(text)).sent).toBe(text)
  })

  it('that is compressed is not unpacked (threat 26)', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
    const reply = await sendRefused({
      url: weir.url,
      key: scene.key,
      body: bomb,
      headers: { 'content-encoding': 'gzip' },
    })
    expect(reply.error.code).toBe('invalid_request')
  })

  it('chooses neither address nor credential of the call (threat 1)', async () => {
    const canary = createServer().listen(0, '127.0.0.1')
    await once(canary, 'listening')
    let connections = 0
    canary.on('connection', () => (connections += 1))
    const url = `http://127.0.0.1:${(canary.address() as { port: number }).port}/v1`
    const names = [
      'api_base',
      'base_url',
      'api_key',
      'custom_llm_provider',
      'proxy',
      'extra_headers',
      'organization',
      'user_config',
    ]
    const fields = Object.fromEntries(names.map((name) => [name, url]))
    const extra = {
      ...fields,
      extra_headers: { authorization: 'Bearer evil' },
      litellm_params: { api_base: url },
    }
    await send({ url: weir.url, key: scene.key, body: chat(scene.model.name, extra) })
    expect(upstream.calls.at(-1)?.request.headers.authorization).not.toContain('evil')
    expect(connections).toBe(0)
    canary.close()
  })
})

describe('a name', () => {
  const hostile = [
    'a\r\nx-evil: 1',
    'a\nb',
    'a\0b',
    '\u2028',
    'é\r\n',
    "'; DROP TABLE team; --",
    '../../x',
    '<script>alert(1)</script>',
  ]

  it('puts nothing into a header or a log line (threat 14)', async () => {
    const { management } = weir
    for (const name of hostile) {
      const created = await Promise.all([
        management.send('POST', '/v1/teams', { name }),
        management.send('POST', '/v1/providers', {
          name,
          type: 'openai_compatible',
          base_url: upstream.baseUrl,
          api_key: 'x',
        }),
        management.send('POST', '/v1/models', { name, provider: scene.provider.id, free: true }),
        management.send('POST', '/v1/workloads', {
          name: 'x',
          id: name,
          workspace: scene.workspace.id,
          models: ['*'],
        }),
        management.send('POST', '/v1/providers', {
          ...{
            name: unique('provider'),
            type: 'openai_compatible',
            base_url: upstream.baseUrl,
            api_key: `x${name}`,
          },
        }),
        management.send('POST', '/v1/models', {
          ...{ name: unique('model'), provider: scene.provider.id, provider_model: name, free: true },
        }),
      ])
      for (const { status } of created) expect([201, 400, 409]).toContain(status)
      expect({ name, status: created[0].status }).toEqual({ name, status: 400 })
    }
    await expectAlive()
  })

  it('of a provider’s address leads to nothing inside (threat 2)', async () => {
    const inside = [
      ...[
        'http://169.254.169.254/latest',
        'http://2852039166/',
        'http://0xa9fea9fe/',
        'http://0251.0376.0251.0376/',
      ],
      ...[
        'http://[::ffff:169.254.169.254]/',
        'http://[::ffff:a9fe:a9fe]/',
        'http://10.0.0.1/v1',
        'http://192.168.1.1:8080/v1',
      ],
      ...[
        'http://0.0.0.0/',
        'http://[fd00::1]/',
        'http://user:password@example.com/',
        'file:///etc/passwd',
        'gopher://x/',
        'http://x/?a=b',
      ],
      ...[`http://127.0.0.1@10.0.0.1/`, 'http://127.1.1.1.1/', '//x', 'http://exa mple/', 'http://x\r\ny/'],
    ]
    for (const base_url of inside) {
      const name = unique('provider')
      const { status } = await weir.management.send('POST', '/v1/providers', {
        name,
        type: 'openai_compatible',
        base_url,
      })
      expect({ base_url, status }).toEqual({ base_url, status: 400 })
    }
  })
})

describe('guessing keys', () => {
  it('costs the database a bounded number of questions, and known keys nothing', async () => {
    const asked = () => sumOfGateways(weir, 'weir_key_lookups_total', { result: 'missing' })
    const before = await asked()
    const began = performance.now()
    const guesses = Array.from({ length: 600 }, () =>
      send({ url: weir.url, key: generateVirtualKey(), body: body() }),
    )
    const known = Array.from({ length: 20 }, () => send({ url: weir.url, key: scene.key, body: body() }))
    expect(new Set((await Promise.all(known)).map(({ status }) => status))).toEqual(new Set([200]))
    for (const { status } of await Promise.all(guesses)) expect([401, 503]).toContain(status)
    // 50 a second for each gateway, and as many saved up at the start.
    const seconds = (performance.now() - began) / 1_000
    expect((await asked()) - before).toBeLessThanOrEqual(weir.gateways.length * 50 * (2 + seconds))
  })

  it('of one key again and again asks once', async () => {
    const guess = generateVirtualKey()
    const ask = () => send({ url: weir.url, key: guess, body: body() })
    await expect.poll(async () => (await ask()).status, { timeout: 5_000 }).toBe(401)
    for (let index = 0; index < 10; index += 1) await ask()
    const before = await sumOfGateways(weir, 'weir_key_lookups_total')
    for (let index = 0; index < 50; index += 1) expect((await ask()).status).toBe(401)
    expect(await sumOfGateways(weir, 'weir_key_lookups_total')).toBe(before)
  })
})
