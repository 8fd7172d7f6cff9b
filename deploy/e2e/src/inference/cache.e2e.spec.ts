import { LLMock } from '@copilotkit/aimock'
import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  sharedStoreProgram,
  SharedStoreServer,
} from '../../../../services/gateway/src/testing/shared-store-server.js'
import { waitForAttempts } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { openOneConnection } from '../stack/one-connection.js'
import { chunk, RawUpstream, sse } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let mock: LLMock
let upstream: RawUpstream
const closing: (() => Promise<void>)[] = []

beforeAll(async () => {
  ;[weir, mock, upstream] = await Promise.all([
    useWeir(),
    LLMock.create({ port: 0, journalMaxEntries: 0, chunkSize: 4 }),
    RawUpstream.start(),
  ])
  mock.onMessage(/./, { content: 'Hello from the mock, in a few words.' })
})
afterAll(async () => {
  await Promise.all(closing.map((close) => close()))
  await mock.stop()
  await upstream.stop()
})

/** Calls of chat completions for a model that reached the mock. */
const callsFor = (model: string) =>
  mock.getRequests().filter(({ body }) => JSON.stringify(body).includes(`"model":${JSON.stringify(model)}`))
    .length

/** A scene whose workspace keeps answers, and an SDK that talks to one gateway. */
async function cachingScene(baseUrl = `${mock.url}/v1`): Promise<{ scene: Scene; client: OpenAI }> {
  const scene = await createScene(weir, { baseUrl })
  await keepAnswers(weir.management, scene)
  return { scene, client: clientOf(scene.key) }
}

async function keepAnswers(management: Management, { workspace }: Scene): Promise<void> {
  const settings = { response_cache: true, response_cache_ttl_s: 600 }
  await management.call('PATCH', `/v1/workspaces/${workspace.id}`, { settings })
}

function clientOf(key: string): OpenAI {
  const connection = openOneConnection({ baseURL: `${weir.url}/v1`, apiKey: key })
  closing.push(() => connection.close())
  return connection.client
}

const said = (content: string) => [{ role: 'user' as const, content }]

/** Asks again until the setting of the workspace has arrived and the answer is one that was kept. */
async function askUntilKept(client: OpenAI, model: string, content: string, options = {}) {
  return waitFor(async () => {
    const { data, response } = await client.chat.completions
      .create({ model, messages: said(content) }, options)
      .withResponse()
    return response.headers.get('x-weir-cache') === 'hit' ? { data, headers: response.headers } : undefined
  })
}

describe('the response cache', () => {
  it('is off unless the workspace says otherwise', async () => {
    const scene = await createScene(weir, { baseUrl: `${mock.url}/v1` })
    const client = clientOf(scene.key)
    for (let at = 1; at <= 2; at++) {
      const { response } = await client.chat.completions
        .create({ model: scene.model.name, messages: said('Hello') })
        .withResponse()
      expect(response.headers.get('x-weir-cache')).toBeNull()
      expect(callsFor(scene.model.name)).toBe(at)
    }
  })

  it('gives the same answer again without a call, and says so', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    const { data: first, headers } = await askUntilKept(client, name, 'Hello')
    expect(headers.get('age')).toMatch(/^\d+$/)
    const calls = callsFor(name)
    const { data, response } = await client.chat.completions
      .create({ messages: said('Hello'), model: name, user: 'somebody else' })
      .withResponse()
    expect(response.headers.get('x-weir-cache')).toBe('hit')
    expect(data).toEqual(first)
    const { response: other } = await client.chat.completions
      .create({ model: name, messages: said('Hello!') })
      .withResponse()
    expect(other.headers.get('x-weir-cache')).toBe('miss')
    expect(callsFor(name)).toBe(calls + 1)
  })

  it('gives a stream again as a stream', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    await askUntilKept(client, name, 'Hello')
    const stream = async () => {
      const { data, response } = await client.chat.completions
        .create({
          model: name,
          messages: said('Stream'),
          stream: true,
          stream_options: { include_usage: true },
        })
        .withResponse()
      const chunks = []
      for await (const part of data) chunks.push(part)
      return {
        cache: response.headers.get('x-weir-cache'),
        type: response.headers.get('content-type'),
        chunks,
      }
    }
    const [first, again] = [await stream(), await stream()]
    expect([first.cache, again.cache]).toEqual(['miss', 'hit'])
    expect(again.type).toBe(first.type)
    expect(again.chunks).toEqual(first.chunks)
    expect(again.chunks.length).toBeGreaterThan(3)
  })

  it('does as the caller’s cache-control says', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    await askUntilKept(client, name, 'Hello')
    const ask = async (content: string, control?: string) => {
      const { response } = await client.chat.completions
        .create(
          { model: name, messages: said(content) },
          control ? { headers: { 'cache-control': control } } : {},
        )
        .withResponse()
      return response.headers.get('x-weir-cache')
    }
    expect(await ask('Hello', 'no-store')).toBeNull()
    expect(await ask('Hello', 'no-cache')).toBe('miss')
    expect(await ask('Hello')).toBe('hit')
    expect(await ask('Never kept', 'no-store')).toBeNull()
    expect(await ask('Never kept')).toBe('miss')
  })

  it('is accounted for: what is given again is read from a cache and costs nothing', async () => {
    const { scene, client } = await cachingScene()
    await askUntilKept(client, scene.model.name, 'Hello')
    const attempts = await waitFor(async () => {
      const rows = await waitForAttempts(weir.management, { key: scene.virtualKey.id }, 2)
      return rows.some(({ outcome }) => outcome === 'cached') ? rows : undefined
    })
    const cached = attempts.find(({ outcome }) => outcome === 'cached')
    const paid = attempts.find(({ outcome }) => outcome === 'succeeded')
    expect(Number(paid?.cost_usd)).toBeGreaterThan(0)
    expect(cached).toMatchObject({
      ...{
        cost_usd: '0.000000000',
        input_tokens: 0,
        cached_input_tokens: paid?.input_tokens,
        rating_status: 'free',
      },
      ...{ output_tokens: paid?.output_tokens, upstream_status: null, model: scene.model.name },
      provider: scene.provider.name,
    })
  })

  it('never answers across workspaces (threat 20)', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    await askUntilKept(client, name, 'Hello')
    const workspace = await scene.factory.createWorkspace()
    await keepAnswers(weir.management, { ...scene, workspace })
    const key = await scene.factory.createVirtualKey({ workspace: workspace.id, team: scene.team.id })
    await inForce(weir, key.key, name)
    const other = clientOf(key.key)
    const { response } = await other.chat.completions
      .create({ model: name, messages: said('Hello') })
      .withResponse()
    expect(response.headers.get('x-weir-cache')).not.toBe('hit')
    await askUntilKept(other, name, 'Hello')
  })

  it('never answers under another whitelist or after a key’s rights are gone', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    await askUntilKept(client, name, 'Hello')
    await weir.management.call('PATCH', `/v1/keys/${scene.virtualKey.id}`, { models: ['nothing'] })
    await waitFor(async () => {
      const status = await client.chat.completions.create({ model: name, messages: said('Hello') }).then(
        () => 200,
        (error: { status?: number }) => error.status,
      )
      return status === 403
    })
  })

  it('keeps no error and no stream that broke off (threat 20)', async () => {
    const { scene, client } = await cachingScene(upstream.baseUrl)
    await askUntilKept(client, scene.model.name, 'Hello')
    const model = await scene.addModel()
    const body = { model: model.name, messages: said('Hello') }
    const ask = () => client.chat.completions.create(body)
    const stream = async () => {
      const parts = []
      for await (const part of await client.chat.completions.create({ ...body, stream: true }))
        parts.push(part)
      return parts
    }
    upstream.answer(model.name, (call) => call.reply(400, { error: { message: 'no', type: 'x', code: 'x' } }))
    for (let at = 1; at <= 2; at++) {
      await expect(ask()).rejects.toMatchObject({ status: 400 })
      expect(upstream.callsFor(model.name)).toHaveLength(at)
    }
    upstream.answer(model.name, async (call) => {
      call.startStream()
      await call.event(chunk('Hel'))
      call.cut()
    })
    const cutBefore = upstream.callsFor(model.name).length
    for (let at = 0; at < 2; at++) {
      await expect(stream()).rejects.toThrow()
    }
    expect(upstream.callsFor(model.name).length).toBeGreaterThanOrEqual(cutBefore + 2)
    upstream.answer(model.name, async (call) => {
      call.startStream()
      await call.event(chunk('Hello'))
      call.end(sse('[DONE]'))
    })
    expect(await stream()).toHaveLength(1)
  })

  it('keeps nothing that depends on what a provider remembers', async () => {
    const { scene, client } = await cachingScene()
    const { name } = scene.model
    await askUntilKept(client, name, 'Hello')
    for (let at = 0; at < 2; at++) {
      const { headers } = await send({ url: weir.url, key: scene.key, body: chat(name, { store: true }) })
      expect(headers['x-weir-cache']).toBeUndefined()
    }
  })
})

describe('the cache of a deployment', () => {
  it('is its own to say, and identical requests at the same time are one call when asked', async () => {
    const scene = await createScene(weir, { baseUrl: upstream.baseUrl })
    const alias = unique('alias')
    await weir.management.create('/v1/deployments', {
      ...{ name: alias, workspace: scene.workspace.id, targets: [{ model: scene.model.name }] },
      ...{ cache: { enabled: true, ttl_s: 60 }, join_identical: true },
    })
    upstream.answer(scene.model.name, async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 400))
      call.reply(200, {
        ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm' },
        choices: [{ index: 0, message: { role: 'assistant', content: 'Once.' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      })
    })
    const ask = (content: string) =>
      send({ url: weir.url, key: scene.key, body: chat(alias, { messages: said(content) }) })
    await waitFor(async () => {
      const replies = await Promise.all(Array.from({ length: 8 }, () => ask('arrived?')))
      return replies.every(({ status }) => status === 200)
    })
    const before = upstream.callsFor(scene.model.name).length
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask('at once')))
    expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    // One for each gateway, at most: they share nothing here.
    const calls = upstream.callsFor(scene.model.name).length - before
    expect(calls).toBeGreaterThanOrEqual(1)
    expect(calls).toBeLessThanOrEqual(weir.gateways.length)
    expect(replies.filter(({ headers }) => headers['x-weir-cache'] === 'hit')).toHaveLength(12 - calls)
  })
})

if (sharedStoreProgram) describe('a store that gateways share', useStore)
else it('shares a store', (context) => context.skip('there is neither valkey-server nor redis-server'))

function useStore(): void {
  const home = mkdtempSync(join(tmpdir(), 'weir-cache-'))
  let store: SharedStoreServer
  let own: Weir
  let management: Management
  let scene: Scene

  beforeAll(async () => {
    store = await SharedStoreServer.start()
    const env = { WEIR_CACHE_URL: store.url, NODE_COMPILE_CACHE: compileCache }
    own = await startWeir({ home, port: 0, gateways: 2, env, quiet: true })
    management = new Management(own.url, own.masterKey)
    const host = { url: own.url, management, gateways: ['gateway-1', 'gateway-2'] }
    scene = await createScene(host, { baseUrl: upstream.baseUrl })
    await keepAnswers(management, scene)
  })
  afterAll(async () => {
    await own.stop()
    await store.stop()
    rmSync(home, { recursive: true, force: true })
  })

  const ask = (fields = {}, headers = {}) =>
    send({ url: own.url, key: scene.key, body: chat(scene.model.name, fields), headers })

  it('makes one gateway’s answers the others’, and its loss fails nobody', async () => {
    await waitFor(async () => {
      const replies = [await ask(), await ask(), await ask(), await ask(), await ask(), await ask()]
      return replies.every(({ headers }) => headers['x-weir-cache'] === 'hit')
    })
    let seed = 100
    await waitFor(async () => {
      seed++
      const before = upstream.calls.length
      for (let at = 0; at < 6; at++) {
        await ask({ seed })
        // The answer is out before the store has it.
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      // Until both gateways are connected to the store.
      return upstream.calls.length === before + 1
    })
    await store.stop()
    for (let at = 0; at < 4; at++) expect((await ask({ seed: 8 })).status).toBe(200)
    await store.run()
  })

  it('gives one answer for an Idempotency-Key whichever gateway is asked, also at the same time', async () => {
    upstream.answer(scene.model.name, async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      call.reply(200, { object: 'chat.completion', choices: [], usage: null, id: unique('answer') })
    })
    const id = await waitFor(async () => {
      const key = unique('idem')
      const before = upstream.calls.length
      const replies = await Promise.all(
        Array.from({ length: 10 }, () =>
          ask({ seed: 9 }, { 'idempotency-key': key, 'cache-control': 'no-store' }),
        ),
      )
      expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200))
      // Until both gateways are connected to the store again.
      return (
        upstream.calls.length === before + 1 && new Set(replies.map(({ text }) => text)).size === 1 && key
      )
    })
    expect(id).toMatch(/^idem-/)
  })
}
