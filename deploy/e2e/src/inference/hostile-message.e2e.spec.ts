import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send, sendBytes, sendRefused } from '../stack/client.js'
import { oneOf } from '../stack/matchers.js'
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
const statusesOf = (replies: string): number[] =>
  [...replies.matchAll(/HTTP\/1\.[01] (\d+)/g)].map(([, status]) => Number(status))

/** A request as bytes; the connection is closed after its reply unless headers say otherwise. */
function bytes(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all = {
    host: new URL(weir.url).host,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  return `${line} HTTP/1.1\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`
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
      ...[
        `${path}/`,
        `/${path}`,
        `/${first}//${tail}`,
        `/./${first}/${tail}`,
        `/x/..${path}`,
        `/%2e%2e${path}`,
      ],
      ...[
        path.toUpperCase(),
        `${path};`,
        `${path};a=b`,
        `${path}%00`,
        `${path}%20`,
        `${path}.json`,
        `${path}#x`,
        `${path}\\`,
      ],
      ...[`/%76${path.slice(2)}`, `${path.slice(0, -1)}%${path.charCodeAt(path.length - 1).toString(16)}`],
      ...[`/${first}%2f${tail}`, `http://evil.example${path}`, `//evil.example${path}`],
    ]
  }

  it('leads nobody in without a key, however it is written', async () => {
    const calls = upstream.calls.length
    for (const path of [
      '/v1/chat/completions',
      '/chat/completions',
      '/v1/teams',
      '/v1/keys',
      '/v1/providers',
      '/v1/usage',
    ]) {
      for (const variant of variants(path)) {
        for (const [method, content] of [
          ['GET', ''],
          ['POST', body()],
          ['DELETE', ''],
        ] as const) {
          const reply = await sendBytes(weir.url, bytes(`${method} ${variant}`, {}, content))
          expect({ variant, method, status: statusOf(reply) }).toEqual({
            ...{ variant, method },
            status: oneOf(400, 401, 404),
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
        expect({ variant, status }).toEqual({
          variant,
          status: oneOf(400, 403, 404),
        })
      }
    }
  })

  it('is refused when it is not percent-encoded text', async () => {
    for (const path of ['/v1/models/%ff', '/v1/models/%', '/v1/teams/%ff', '/v1/%zz']) {
      const status = statusOf(await sendBytes(weir.url, bytes(`GET ${path}`, bearer())))
      expect({ path, status }).toEqual({
        path,
        status: oneOf(400, 403, 404),
      })
    }
  })
})

describe('a header', () => {
  it('Host leads nowhere else', async () => {
    const calls = upstream.calls.length
    for (const host of [
      'evil.example',
      'a/v1/teams',
      'a?b',
      'a#b',
      `a@${new URL(weir.url).host}`,
      '[::1',
      '',
    ]) {
      const reply = await sendBytes(weir.url, bytes('GET /v1/teams', { host }))
      expect({ host, status: statusOf(reply) }).toEqual({
        host,
        status: oneOf(400, 401),
      })
    }
    const twice = bytes('GET /v1/teams').replace('connection', 'host: other\r\nconnection')
    expect([400, 401]).toContain(statusOf(await sendBytes(weir.url, twice)))
    expect(statusOf(await sendBytes(weir.url, 'GET /v1/teams HTTP/1.1\r\nconnection: close\r\n\r\n'))).toBe(
      400,
    )
    expect(upstream.calls).toHaveLength(calls)
  })

  it('that claims trust gains none', async () => {
    const claims = {
      ...{
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'localhost',
        'x-real-ip': '127.0.0.1',
        forwarded: 'for=127.0.0.1',
      },
      ...{
        'x-internal-secret': 'x',
        'x-internal-user': 'admin',
        'x-weir-organization': 'org_default',
        'x-original-url': '/readyz',
      },
      ...{ 'x-http-method-override': 'GET', 'grpc-metadata-authorization': 'x' },
    }
    for (const path of ['/v1/teams', '/v1/keys', '/v1/models']) {
      expect((await sendRefused({ url: weir.url, path, method: 'GET', headers: claims })).status).toBe(401)
    }
    expect((await sendRefused({ url: weir.url, body: body(), headers: claims })).status).toBe(401)
  })

  it('with SQL in it is no key, and takes no longer', async () => {
    const injections = [
      ...[
        "' OR '1'='1",
        "vk_' OR 1=1 --",
        "vk_'; DROP TABLE virtual_key; --",
        "vk_' AND pg_sleep(3) --",
        '$1',
        "\\'; SELECT",
      ],
      ...[
        'vk_%',
        'vk_' + '%27'.repeat(20),
        '{"$ne":null}',
        '../../etc/passwd',
        '${jndi:ldap://x}',
        'vk_\u00e9',
      ],
    ]
    const took: number[] = []
    for (const injection of injections) {
      for (const path of ['/v1/chat/completions', '/v1/teams', '/v1/models']) {
        const began = performance.now()
        const method = path === '/v1/chat/completions' ? 'POST' : 'GET'
        const reply = await sendBytes(
          weir.url,
          Buffer.from(
            bytes(
              `${method} ${path}`,
              { authorization: `Bearer ${injection}` },
              method === 'POST' ? body() : '',
            ),
            'latin1',
          ),
        )
        took.push(performance.now() - began)
        expect({ injection, path, status: statusOf(reply) }).toEqual({
          ...{ injection, path, status: oneOf(401, 403) },
        })
        expect(reply).not.toMatch(/syntax|relation|SELECT|postgres|hash/i)
      }
    }
    expect(Math.max(...took)).toBeLessThan(2_000)
    await expectAlive()
  })
})

describe('a message with two readings (threat 12)', () => {
  const smuggled = (): string =>
    bytes('POST /v1/chat/completions', { ...bearer(), connection: 'keep-alive' }, body())
  const head = (): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${scene.key}\r\ncontent-type: application/json\r\n`

  const cases: [string, () => string][] = [
    [
      'both lengths',
      () => `${head()}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled()}`,
    ],
    [
      'both lengths, the other way',
      () => `${head()}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n${smuggled()}`,
    ],
    ['two lengths', () => `${head()}content-length: 2\r\ncontent-length: 3\r\n\r\n{}${smuggled()}`],
    ['a list of lengths', () => `${head()}content-length: 2, 3\r\n\r\n{}${smuggled()}`],
    ['a signed length', () => `${head()}content-length: +2\r\n\r\n{}${smuggled()}`],
    ['a hexadecimal length', () => `${head()}content-length: 0x2\r\n\r\n{}${smuggled()}`],
    ['a space before the colon', () => `${head()}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${smuggled()}`],
    ['an unknown encoding', () => `${head()}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled()}`],
    [
      'an encoding after chunked',
      () => `${head()}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled()}`,
    ],
    ['a folded header', () => `${head()}x-a: b\r\n transfer-encoding: chunked\r\n\r\n${smuggled()}`],
    ['bare line feeds', () => `${head().replaceAll('\r\n', '\n')}content-length: 0\n\n${smuggled()}`],
    ['a bare carriage return', () => `${head()}x-a: b\rtransfer-encoding: chunked\r\n\r\n${smuggled()}`],
    ['a null in a header', () => `${head()}x-a: b\0c\r\ncontent-length: 0\r\n\r\n${smuggled()}`],
    ['a chunk with a wrong size', () => `${head()}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n${smuggled()}`],
    [
      'a chunk whose end lacks its line',
      () => `${head()}transfer-encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n${smuggled()}`,
    ],
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
