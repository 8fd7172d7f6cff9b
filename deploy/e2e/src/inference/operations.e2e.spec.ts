import { errorTable } from '@weir/errors'
import { waitFor } from '@weir/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempts } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { matching } from '../stack/matchers.js'
import { readMetrics, sumOf, sumOfGateways } from '../stack/metrics.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let scene: Scene
/** Every process of ours. */
let names: string[]

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
  names = Object.keys(weir.pids).filter((name) => name !== 'postgres')
})

const privately = (name: string, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${weir.ports[`${name}.metrics`]}${path}`)

const publicly = (path: string): Promise<Response> => fetch(`${weir.url}${path}`)

describe('health', () => {
  it('is told by every process on its private port', async () => {
    expect(names.length).toBeGreaterThanOrEqual(6)
    for (const name of names) {
      for (const path of ['/livez', '/readyz']) {
        const reply = await privately(name, path)
        expect({ name, path, status: reply.status, body: await reply.json() }).toMatchObject({
          ...{ name, path, status: 200, body: { status: 'ok' } },
        })
      }
    }
  })

  it('is told on the public port, without a key', async () => {
    for (const path of ['/livez', '/readyz']) {
      const reply = await publicly(path)
      expect([reply.status, await reply.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })])
    }
  })

  it('names what is missing, when it is missing, and only where it is needed', async () => {
    const missing = async (name: string): Promise<string | undefined> => {
      const reply = await privately(name, '/readyz')
      const body = (await reply.json()) as { missing: Record<string, string> }
      return reply.status === 503 ? Object.keys(body.missing).sort().join() : undefined
    }
    await weir.stopProcess('postgres')
    try {
      for (const name of ['identity', 'catalog', 'metering', 'aggregator']) {
        expect({ name, missing: await waitFor(() => missing(name)) }).toEqual({
          name,
          missing: 'bus,database',
        })
      }
      for (const name of names) expect((await privately(name, '/livez')).status).toBe(200)
      // The gateway has what it needs: it goes on serving, and says that it can.
      expect((await publicly('/readyz')).status).toBe(200)
      const reply = await send({ url: weir.url, key: scene.key, body: chat(scene.model.name) })
      expect(reply.status).toBe(200)
    } finally {
      await weir.startProcess('postgres')
      for (const name of names) {
        await waitFor(async () => (await privately(name, '/readyz')).status === 200, { timeoutMs: 30_000 })
      }
    }
    await waitForAttempts(weir.management, { key: scene.virtualKey.id }, 1)
  })
})

describe('a request', () => {
  it('has an id on every route, whatever comes of it', async () => {
    const asked: [string, string, number][] = [
      ['GET', '/livez', 200],
      ['GET', '/readyz', 200],
      ['GET', '/openapi.json', 200],
      ['GET', '/docs', 200],
      ['GET', '/v1/models', 401],
      ['GET', '/v1/teams', 401],
      ['POST', '/v1/chat/completions', 401],
      ['GET', '/v1/chat/completions', 404],
      ['GET', '/nothing', 404],
      ['PATCH', '/livez', 404],
    ]
    for (const [method, path, status] of asked) {
      const reply = await fetch(`${weir.url}${path}`, { method })
      expect({ method, path, status: reply.status, id: reply.headers.get('x-request-id') }).toEqual({
        ...{ method, path, status },
        id: matching(/^req_[0-9a-f]{32}$/),
      })
    }
  })

  it('that was refused is found in the logs by its id, and every line is JSON', async () => {
    const reply = await send({ url: weir.url, key: scene.key, body: chat('nothing') })
    const id = String(reply.headers['x-request-id'])
    const lines = (name: string) =>
      readFileSync(join(weir.home, 'logs', `${name}.log`), 'utf8')
        .trim()
        .split('\n')
    const found = await waitFor(() => weir.gateways.flatMap(lines).find((line) => line.includes(id)), {
      what: 'the line of the request',
    })
    expect(JSON.parse(found)).toMatchObject({
      ...{ service: 'gateway', request_id: id, status: 404, code: 'model_not_found' },
      time: matching(/^\d{4}-\d\d-\d\dT.*Z$/),
    })
    for (const name of names) {
      // The one line that is meant for a person's eyes, while there is no user.
      for (const line of lines(name).filter((text) => !text.startsWith('First administrator: '))) {
        expect(JSON.parse(line)).toMatchObject({
          level: expect.any(String) as string,
          service: name.replace(/-\d+$/, ''),
        })
      }
    }
  })
})

describe('metrics', () => {
  it('are where Prometheus finds them, and nowhere on the public port', async () => {
    for (const name of names) {
      const reply = await privately(name, '/metrics')
      expect(reply.headers.get('content-type')).toMatch(/^text\/plain/)
      const samples = await readMetrics(weir, name)
      expect(sumOf(samples, 'process_resident_memory_bytes')).toBeGreaterThan(10 * 1024 * 1024)
      expect(samples.find(({ labels }) => labels['service'])?.labels['service']).toBe(
        name.replace(/-\d+$/, ''),
      )
    }
    expect([401, 404]).toContain((await publicly('/metrics')).status)
  })

  it('are all that the service’s README promises', async () => {
    const known = (text: string, pattern: RegExp) =>
      [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort()
    for (const name of names.filter((name) => name !== 'gateway-2')) {
      const readme = new URL(`../../../../services/${name.replace(/-\d+$/, '')}/README.md`, import.meta.url)
      const [, metrics = ''] = readFileSync(readme, 'utf8').split(/^## Metrics$/m)
      const documented = known(metrics, /`(weir_\w+)`/g)
      const exported = known(await (await privately(name, '/metrics')).text(), /^# TYPE (weir_\w+)/gm)
      expect({ name, missing: documented.filter((metric) => !exported.includes(metric)) }).toEqual({
        name,
        missing: [],
      })
      expect({ name, isDocumented: documented.length > 0 || name === 'policy' }).toEqual({
        name,
        isDocumented: true,
      })
    }
  })

  it('of the gateways count requests, attempts and tokens, and time them', async () => {
    const provider = scene.provider.name
    const read = async () => ({
      requests: await sumOfGateways(weir, 'weir_requests_total', { endpoint: 'chat', status: '200' }),
      refused: await sumOfGateways(weir, 'weir_requests_total', { status: '404', code: 'model_not_found' }),
      attempts: await sumOfGateways(weir, 'weir_attempts_total', { provider, outcome: 'succeeded' }),
      input: await sumOfGateways(weir, 'weir_tokens_total', { provider, kind: 'input' }),
      output: await sumOfGateways(weir, 'weir_tokens_total', { provider, kind: 'output' }),
      timed: await sumOfGateways(weir, 'weir_request_duration_seconds_count', { endpoint: 'chat' }),
      added: await sumOfGateways(weir, 'weir_added_latency_seconds_count'),
      addedSum: await sumOfGateways(weir, 'weir_added_latency_seconds_sum'),
      flushes: await sumOfGateways(weir, 'weir_journal_flush_duration_seconds_count'),
    })
    const before = await read()
    for (let index = 0; index < 10; index += 1) {
      await send({ url: weir.url, key: scene.key, body: chat(scene.model.name, { stream: index % 2 === 0 }) })
    }
    await send({ url: weir.url, key: scene.key, body: chat('nothing') })
    await expect.poll(async () => (await read()).requests - before.requests).toBe(10)
    const after = await read()
    const grown = Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, value - before[name as keyof typeof before]]),
    )
    // Two tokens in and three out for each: the sandbox counts words.
    expect(grown).toMatchObject({
      requests: 10,
      refused: 1,
      attempts: 10,
      input: 20,
      output: 30,
      timed: 11,
      added: 10,
    })
    expect(grown['addedSum']).toBeGreaterThan(0)
    expect((grown['addedSum'] ?? 0) / 10).toBeLessThan(0.25)
    expect(grown['flushes']).toBeGreaterThan(0)
  })

  it('of the gateways tell the journal’s depth and the snapshot’s age and size', async () => {
    await expect.poll(() => sumOfGateways(weir, 'weir_journal_depth'), { timeout: 5_000 }).toBe(0)
    for (const name of weir.gateways) {
      const read = async (metric: string): Promise<number> => sumOf(await readMetrics(weir, name), metric)
      expect(await read('weir_journal_open_attempts')).toBe(0)
      expect(await read('weir_snapshot_virtual_keys')).toBeGreaterThan(0)
      // Its owners say every two seconds that it is current.
      await expect.poll(() => read('weir_snapshot_age_seconds'), { timeout: 10_000 }).toBeLessThan(4)
    }
  })

  it('of the consumers tell what they have handled and how far behind they are', async () => {
    for (const name of ['metering', 'aggregator']) {
      await expect
        .poll(async () => sumOf(await readMetrics(weir, name), 'weir_bus_lag_messages'), { timeout: 5_000 })
        .toBe(0)
      const samples = await readMetrics(weir, name)
      expect(sumOf(samples, 'weir_bus_messages_handled_total')).toBeGreaterThanOrEqual(10)
      expect(sumOf(samples, 'weir_bus_messages_poisoned_total')).toBe(0)
    }
    for (const name of ['identity', 'catalog']) {
      await expect
        .poll(async () => sumOf(await readMetrics(weir, name), 'weir_outbox_messages'), { timeout: 5_000 })
        .toBe(0)
      expect(sumOf(await readMetrics(weir, name), 'weir_http_requests_total')).toBeGreaterThan(0)
    }
  })
})

describe('the documents', () => {
  interface Operation {
    operationId?: string
    responses: Record<string, unknown>
    security?: unknown[]
  }

  it('describe every route of the public port', async () => {
    const reply = await publicly('/openapi.json')
    expect(reply.status).toBe(200)
    const document = (await reply.json()) as {
      openapi: string
      paths: Record<string, Record<string, Operation>>
    }
    expect(document.openapi).toMatch(/^3\./)
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const managed = ['teams', 'workspaces', 'workloads', 'keys', 'providers', 'models'].flatMap(
      (resource) => [
        ...[`POST /v1/${resource}`, `GET /v1/${resource}`],
        ...['GET', 'PATCH', 'DELETE'].map((method) =>
          matching(new RegExp(`^${method} /v1/${resource}/\\{\\w+\\}$`)),
        ),
      ],
    )
    expect(routes).toEqual(
      expect.arrayContaining([
        ...managed,
        ...['POST /v1/chat/completions', 'GET /v1/usage', 'GET /v1/costs', 'GET /v1/requests', 'GET /readyz'],
      ]),
    )
  })

  it('describe no route that is not there', async () => {
    const { paths } = (await (await publicly('/openapi.json')).json()) as {
      paths: Record<string, Record<string, Operation>>
    }
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const url = path.replaceAll(/\{\w+\}/g, 'nothing-of-the-kind')
        const reply = await weir.management.send(
          method.toUpperCase(),
          url,
          /post|patch|put/.test(method) ? {} : undefined,
        )
        const { error } = (reply.body ?? {}) as { error?: { code: string } }
        expect({ method, path, code: error?.code }).not.toMatchObject({ code: 'route_not_found' })
        if (error) expect(Object.keys(errorTable)).toContain(error.code)
        expect({ method, path, isFault: reply.status >= 500 }).toEqual({ method, path, isFault: false })
      }
    }
  })

  it('are shown by /docs, with all that the page needs', async () => {
    const reply = await publicly('/docs')
    expect(reply.status).toBe(200)
    const page = await reply.text()
    const parts = [...page.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(
      ([, part = '']) => new URL(part, reply.url),
    )
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) {
      expect(part.origin).toBe(weir.url)
      expect((await fetch(part)).status).toBe(200)
    }
  })
})
