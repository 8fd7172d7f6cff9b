import { generateVirtualKey } from '@weir/secrets'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send, sendBytes, sendRefused } from '../stack/client.js'
import { unique } from '../stack/factory.js'
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

const statusOf = (reply: string): number => Number(/^HTTP\/1\.[01] (\d+)/.exec(reply)?.[1] ?? 0)
const statusesOf = (replies: string): number[] => [...replies.matchAll(/HTTP\/1\.[01] (\d+)/g)].map(([, status]) => Number(status))

/** A request as bytes; the connection is closed after its reply unless headers say otherwise. */
function bytes(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all = { host: new URL(weir.url).host, connection: 'close', 'content-length': String(Buffer.byteLength(body)), ...headers }
  return `${line} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${scene.key}` })
const body = (): string => JSON.stringify(chat(scene.model.name))

/** That nothing has been broken: a good request is still answered. */
async function expectAlive(): Promise<void> {
  expect((await send({ url: weir.url, key: scene.key, body: body() })).status).toBe(200)
}

describe('the path of a request', () => {
  const variants = (path: string): string[] => {
    const [, first = '', ...rest] = path.split('/')
    const tail = rest.join('/')
    return [
      ...[`${path}/`, `/${path}`, `/${first}//${tail}`, `/./${first}/${tail}`, `/x/..${path}`, `/%2e%2e${path}`],
      ...[path.toUpperCase(), `${path};`, `${path};a=b`, `${path}%00`, `${path}%20`, `${path}.json`, `${path}#x`, `${path}\\`],
      ...[`/%76${path.slice(2)}`, `${path.slice(0, -1)}%${path.charCodeAt(path.length - 1).toString(16)}`],
      ...[`/${first}%2f${tail}`, `http://evil.example${path}`, `//evil.example${path}`],
    ]
  }

  it('leads nobody in without a key, however it is written', async () => {
    const calls = upstream.calls.length
    for (const path of ['/v1/chat/completions', '/chat/completions', '/v1/teams', '/v1/keys', '/v1/providers', '/v1/usage']) {
      for (const variant of variants(path)) {
        for (const [method, content] of [['GET', ''], ['POST', body()], ['DELETE', '']] as const) {
          const reply = await sendBytes(weir.url, bytes(`${method} ${variant}`, {}, content))
          expect({ variant, method, status: statusOf(reply) }).toEqual({
            ...{ variant, method },
            status: expect.toSatisfy((status) => [400, 401, 404].includes(Number(status))),
          })
        }
      }
    }
    expect(upstream.calls).toHaveLength(calls)
    await expectAlive()
  })

  it('leads no virtual key to management, however it is written', async () => {
    for (const path of ['/v1/teams', '/v1/keys', '/v1/providers', '/v1/costs']) {
      for (const variant of [path, ...variants(path)]) {
        const status = statusOf(await sendBytes(weir.url, bytes(`GET ${variant}`, bearer())))
        expect({ variant, status }).toEqual({ variant, status: expect.toSatisfy((n) => [400, 403, 404].includes(Number(n))) })
      }
    }
  })

  it('is refused when it is not percent-encoded text', async () => {
    for (const path of ['/v1/models/%ff', '/v1/models/%', '/v1/teams/%ff', '/v1/%zz']) {
      const status = statusOf(await sendBytes(weir.url, bytes(`GET ${path}`, bearer())))
      expect({ path, status }).toEqual({ path, status: expect.toSatisfy((n) => [400, 403, 404].includes(Number(n))) })
    }
  })
})

describe('a header', () => {
  it('Host leads nowhere else', async () => {
    const calls = upstream.calls.length
    for (const host of ['evil.example', 'a/v1/teams', 'a?b', 'a#b', `a@${new URL(weir.url).host}`, '[::1', '']) {
      const reply = await sendBytes(weir.url, bytes('GET /v1/teams', { host }))
      expect({ host, status: statusOf(reply) }).toEqual({ host, status: expect.toSatisfy((n) => [400, 401].includes(Number(n))) })
    }
    const twice = bytes('GET /v1/teams').replace('connection', 'host: other\r\nconnection')
    expect([400, 401]).toContain(statusOf(await sendBytes(weir.url, twice)))
    expect(statusOf(await sendBytes(weir.url, 'GET /v1/teams HTTP/1.1\r\nconnection: close\r\n\r\n'))).toBe(400)
    expect(upstream.calls).toHaveLength(calls)
  })

  it('that claims trust gains none', async () => {
    const claims = {
      ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' },
      ...{ 'x-internal-secret': 'x', 'x-internal-user': 'admin', 'x-weir-organization': 'org_default', 'x-original-url': '/readyz' },
      ...{ 'x-http-method-override': 'GET', 'grpc-metadata-authorization': 'x' },
    }
    for (const path of ['/v1/teams', '/v1/keys', '/v1/models']) {
      expect((await sendRefused({ url: weir.url, path, method: 'GET', headers: claims })).status).toBe(401)
    }
    expect((await sendRefused({ url: weir.url, body: body(), headers: claims })).status).toBe(401)
  })

  it('with SQL in it is no key, and takes no longer', async () => {
    const injections = [
      ...["' OR '1'='1", "vk_' OR 1=1 --", "vk_'; DROP TABLE virtual_key; --", "vk_' AND pg_sleep(3) --", '$1', "\\'; SELECT"],
      ...['vk_%', 'vk_' + '%27'.repeat(20), '{"$ne":null}', '../../etc/passwd', '${jndi:ldap://x}', 'vk_\u00e9'],
    ]
    const took: number[] = []
    for (const injection of injections) {
      for (const path of ['/v1/chat/completions', '/v1/teams', '/v1/models']) {
        const began = performance.now()
        const method = path === '/v1/chat/completions' ? 'POST' : 'GET'
        const reply = await sendBytes(
          weir.url,
          Buffer.from(bytes(`${method} ${path}`, { authorization: `Bearer ${injection}` }, method === 'POST' ? body() : ''), 'latin1'),
        )
        took.push(performance.now() - began)
        expect({ injection, path, status: statusOf(reply) }).toEqual({
          ...{ injection, path, status: expect.toSatisfy((n) => [401, 403].includes(Number(n))) },
        })
        expect(reply).not.toMatch(/syntax|relation|SELECT|postgres|hash/i)
      }
    }
    expect(Math.max(...took)).toBeLessThan(2_000)
    await expectAlive()
  })
})

describe('a message with two readings', () => {
  const smuggled = (): string => bytes('POST /v1/chat/completions', { ...bearer(), connection: 'keep-alive' }, body())
  const head = (): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${scene.key}\r\ncontent-type: application/json\r\n`

  const cases: [string, () => string][] = [
    ['both lengths', () => `${head()}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['both lengths, the other way', () => `${head()}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['two lengths', () => `${head()}content-length: 2\r\ncontent-length: 3\r\n\r\n{}${smuggled()}`],
    ['a list of lengths', () => `${head()}content-length: 2, 3\r\n\r\n{}${smuggled()}`],
    ['a signed length', () => `${head()}content-length: +2\r\n\r\n{}${smuggled()}`],
    ['a hexadecimal length', () => `${head()}content-length: 0x2\r\n\r\n{}${smuggled()}`],
    ['a space before the colon', () => `${head()}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['an unknown encoding', () => `${head()}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['an encoding after chunked', () => `${head()}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['a folded header', () => `${head()}x-a: b\r\n transfer-encoding: chunked\r\n\r\n${smuggled()}`],
    ['bare line feeds', () => `${head().replaceAll('\r\n', '\n')}content-length: 0\n\n${smuggled()}`],
    ['a bare carriage return', () => `${head()}x-a: b\rtransfer-encoding: chunked\r\n\r\n${smuggled()}`],
    ['a null in a header', () => `${head()}x-a: b\0c\r\ncontent-length: 0\r\n\r\n${smuggled()}`],
    ['a chunk with a wrong size', () => `${head()}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n${smuggled()}`],
    ['a chunk whose end lacks its line', () => `${head()}transfer-encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n${smuggled()}`],
  ]
  it.each(cases)('(%s) is refused, and what follows is not read', async (_, message) => {
    const calls = upstream.calls.length
    const reply = await sendBytes(weir.url, message())
    expect(statusesOf(reply)).toEqual([400])
    expect(upstream.calls).toHaveLength(calls)
  })

  it('is none when requests follow each other properly', async () => {
    const calls = upstream.calls.length
    const reply = await sendBytes(weir.url, smuggled() + bytes('POST /v1/chat/completions', bearer(), body()))
    expect(statusesOf(reply)).toEqual([200, 200])
    expect(upstream.calls).toHaveLength(calls + 2)
  })
})

describe('a body', () => {
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
      send({ url: weir.url, key, body: `{"model":"${first}","messages":[],"model":"${second}","mod\\u0065l":"${second}"}` })
    const calls = upstream.calls.length
    expect((await ask(scene.model.name, forbidden.name)).status).toBe(403)
    expect(upstream.calls).toHaveLength(calls)
    expect((await ask(forbidden.name, scene.model.name)).status).toBe(200)
    expect(upstream.calls.at(-1)?.body.toString()).toBe(`{"model":"${scene.model.name}","messages":[]}`)
  })

  it('with a model of another spelling beside it gains nothing by it', async () => {
    const { sent } = await received(`{"Model":"gpt-4","MODEL":"gpt-4","model ":"gpt-4","model":"${scene.model.name}","messages":[]}`)
    expect(JSON.parse(sent ?? '')).toMatchObject({ model: scene.model.name })
    expect(await received(`{"Model":"${scene.model.name}","messages":[]}`)).toMatchObject({ status: 400, sent: undefined })
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
    const others = Promise.all(Array.from({ length: 8 }, () => send({ url: weir.url, key: scene.key, body: body() })))
    expect(new Set((await others).map(({ status }) => status))).toEqual(new Set([200]))
    expect(performance.now() - began).toBeLessThan(2_000)
    const { status, error } = await hostile
    expect([status, error.code, error.message]).toEqual([400, 'invalid_request', expect.stringMatching(/deeper|more than/)])
    expect(upstream.calls.filter((call) => call.body.includes('"x"'))).toEqual([])
  })

  it('keeps numbers that no double holds', async () => {
    const text = `{"model":"${scene.model.name}","messages":[],"a":1e400,"b":-1E+999,"c":1e-400,"d":123456789012345678901}`
    expect((await received(text)).sent).toBe(text)
  })

  it('that is compressed is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))
    const reply = await sendRefused({ url: weir.url, key: scene.key, body: bomb, headers: { 'content-encoding': 'gzip' } })
    expect(reply.error.code).toBe('invalid_request')
  })

  it('chooses neither address nor credential of the call', async () => {
    const canary = createServer().listen(0, '127.0.0.1')
    await once(canary, 'listening')
    let connections = 0
    canary.on('connection', () => (connections += 1))
    const url = `http://127.0.0.1:${(canary.address() as { port: number }).port}/v1`
    const names = ['api_base', 'base_url', 'api_key', 'custom_llm_provider', 'proxy', 'extra_headers', 'organization', 'user_config']
    const fields = Object.fromEntries(names.map((name) => [name, url]))
    const extra = { ...fields, extra_headers: { authorization: 'Bearer evil' }, litellm_params: { api_base: url } }
    await send({ url: weir.url, key: scene.key, body: chat(scene.model.name, extra) })
    expect(upstream.calls.at(-1)?.request.headers.authorization).not.toContain('evil')
    expect(connections).toBe(0)
    canary.close()
  })
})

describe('a name', () => {
  const hostile = ['a\r\nx-evil: 1', 'a\nb', 'a\0b', '\u2028', 'é\r\n', "'; DROP TABLE team; --", '../../x', '<script>alert(1)</script>']

  it('puts nothing into a header or a log line', async () => {
    const { management } = weir
    for (const name of hostile) {
      const created = await Promise.all([
        management.send('POST', '/v1/teams', { name }),
        management.send('POST', '/v1/providers', { name, type: 'openai_compatible', base_url: upstream.baseUrl, api_key: 'x' }),
        management.send('POST', '/v1/models', { name, provider: scene.provider.id, free: true }),
        management.send('POST', '/v1/workloads', { name: 'x', id: name, workspace: scene.workspace.id, models: ['*'] }),
        management.send('POST', '/v1/providers', {
          ...{ name: unique('provider'), type: 'openai_compatible', base_url: upstream.baseUrl, api_key: `x${name}` },
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

  it('of a provider’s address leads to nothing inside', async () => {
    const inside = [
      ...['http://169.254.169.254/latest', 'http://2852039166/', 'http://0xa9fea9fe/', 'http://0251.0376.0251.0376/'],
      ...['http://[::ffff:169.254.169.254]/', 'http://[::ffff:a9fe:a9fe]/', 'http://10.0.0.1/v1', 'http://192.168.1.1:8080/v1'],
      ...['http://0.0.0.0/', 'http://[fd00::1]/', 'http://user:password@example.com/', 'file:///etc/passwd', 'gopher://x/', 'http://x/?a=b'],
      ...[`http://127.0.0.1@10.0.0.1/`, 'http://127.1.1.1.1/', '//x', 'http://exa mple/', 'http://x\r\ny/'],
    ]
    for (const base_url of inside) {
      const name = unique('provider')
      const { status } = await weir.management.send('POST', '/v1/providers', { name, type: 'openai_compatible', base_url })
      expect({ base_url, status }).toEqual({ base_url, status: 400 })
    }
  })
})

describe('guessing keys', () => {
  it('costs the database a bounded number of questions, and known keys nothing', async () => {
    const asked = () => sumOfGateways(weir, 'weir_key_lookups_total', { result: 'missing' })
    const before = await asked()
    const began = performance.now()
    const guesses = Array.from({ length: 600 }, () => send({ url: weir.url, key: generateVirtualKey(), body: body() }))
    const known = Array.from({ length: 20 }, () => send({ url: weir.url, key: scene.key, body: body() }))
    expect(new Set((await Promise.all(known)).map(({ status }) => status))).toEqual(new Set([200]))
    const outcomes = (await Promise.all(guesses)).map(({ status }) => status)
    expect(new Set(outcomes)).toEqual(new Set([401, 503]))
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
