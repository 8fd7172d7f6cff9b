import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { RateLimitError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, openCall, send, sendRefused, type WholeReply } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { readMetrics, sumOf, sumOfGateways } from '../stack/metrics.js'
import { completion, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'

let home: string
let weir: Weir
let upstream: RawUpstream
let scene: Scene
let host: { url: string; management: Management; gateways: string[]; ports: Record<string, number> }

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-rates-'))
  const env = { NODE_COMPILE_CACHE: compileCache }
  ;[weir, upstream] = await Promise.all([
    startWeir({ home, port: 0, gateways: 3, env, quiet: true }),
    RawUpstream.start(),
  ])
  const { url, masterKey, ports } = weir
  const gateways = [...weir.processes.keys()].filter((name) => name.startsWith('gateway-'))
  host = { url, management: new Management(url, masterKey), gateways, ports }
  scene = await createScene(host, { baseUrl: upstream.baseUrl })
})
afterAll(async () => {
  await weir?.stop()
  await upstream?.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Waits until every gateway lists a model for a key, which counts by no limit, and has all changes before it. */
async function knownEverywhere(key: string, model: string): Promise<void> {
  await waitFor(async () => {
    const listed = await Promise.all(
      Array.from({ length: 24 }, () => send({ url: weir.url, key, method: 'GET', path: '/v1/models' })),
    )
    return listed.every(({ text }) => text.includes(model))
  })
  await sleep(300)
}

/** A key of a team of its own, known to every gateway. */
async function keyWith(limits: {
  team?: object
  key?: object
  workload?: object
}): Promise<{ key: string; team: string }> {
  const { factory, workspace, model } = scene
  const team = await factory.createTeam({ ...limits.team })
  const workload = await factory.createWorkload({ workspace: workspace.id, ...limits.workload })
  const links = { workspace: workspace.id, workload: workload.id, team: team.id }
  const { key } = await factory.createVirtualKey({ ...links, ...limits.key })
  await knownEverywhere(key, model.name)
  return { key, team: team.id }
}

const ask = (key: string, model = scene.model.name, fields = {}): Promise<WholeReply> =>
  send({ url: weir.url, key, body: chat(model, fields) })

async function askMany(key: string, count: number, model?: string, atOnce = 25): Promise<WholeReply[]> {
  const replies: WholeReply[] = []
  while (replies.length < count) {
    const some = Math.min(atOnce, count - replies.length)
    replies.push(...(await Promise.all(Array.from({ length: some }, () => ask(key, model)))))
  }
  return replies
}

const counted = (replies: WholeReply[]): Record<string, number> => ({
  served: replies.filter(({ status }) => status === 200).length,
  refused: replies.filter(({ status }) => status === 429).length,
})

/** A model that answers when it is told to. */
async function holdingModel(): Promise<{ name: string; held: ReceivedCall[]; release: () => void }> {
  const model = await scene.addModel()
  await knownEverywhere(scene.key, model.name)
  const held: ReceivedCall[] = []
  upstream.answer(model.name, (call) => void held.push(call))
  const release = (): void => {
    for (const call of held.splice(0)) call.reply(200, completion('done'))
  }
  return { name: model.name, held, release }
}

describe('requests per minute, over three gateways', () => {
  it('serves exactly as many as the limit of a parent team allows, and says what is left', async () => {
    const parent = await scene.factory.createTeam({ rpm_limit: 60 })
    const { key } = await keyWith({ team: { parent: parent.id } })
    const before = await Promise.all(host.gateways.map((name) => readMetrics(host, name)))
    const replies = await askMany(key, 200)
    expect(counted(replies)).toEqual({ served: 60, refused: 140 })

    for (const { status, headers, text } of replies) {
      expect(headers['x-ratelimit-limit-requests']).toBe('60')
      expect(headers['x-ratelimit-remaining-requests']).toMatch(/^\d+$/)
      expect(headers['x-ratelimit-reset-requests']).toMatch(/^(\d+ms|\d+s|1m\d+s)$/)
      if (status === 200) continue
      expect(JSON.parse(text)).toMatchObject({
        error: { code: 'rate_limit_exceeded', type: 'rate_limit_error', param: null },
      })
      expect(text).toContain(`The limit of the team \`${parent.id}\` is 60 requests per minute`)
      expect(Number(headers['retry-after'])).toBeGreaterThan(30)
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(61)
      expect(headers['x-ratelimit-remaining-requests']).toBe('0')
    }
    const remaining = replies
      .filter(({ status }) => status === 200)
      .map(({ headers }) => Number(headers['x-ratelimit-remaining-requests']))
    // In a burst each gateway knows what the others have used as of its last exchange.
    expect(Math.max(...remaining)).toBeLessThan(60)
    // Each gateway has served some.
    const after = await Promise.all(host.gateways.map((name) => readMetrics(host, name)))
    for (const [at, samples] of after.entries()) {
      const served = (of: typeof samples = []) =>
        sumOf(of, 'weir_requests_total', { endpoint: 'chat', status: '200' })
      expect(served(samples) - served(before[at])).toBeGreaterThan(0)
    }
  })

  it('is accurate under as much load as this machine gives', async () => {
    const { key } = await keyWith({ team: { rpm_limit: 1_500 } })
    const startedAt = performance.now()
    const replies = await askMany(key, 2_000, undefined, 100)
    // Within a minute nothing comes free again.
    expect(performance.now() - startedAt).toBeLessThan(60_000)
    expect(counted(replies)).toEqual({ served: 1_500, refused: 500 })
  })

  it('says what is left on streams too, and nothing where no limit applies', async () => {
    const model = (await scene.factory.createModel({ provider: (await scene.factory.createSandbox()).id }))
      .name
    const { key } = await keyWith({ key: { rpm_limit: 10 } })
    await knownEverywhere(key, model)
    const streamed = await ask(key, model, { stream: true })
    expect(streamed.headers).toMatchObject({
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-reset-requests': '1m0s',
    })
    expect(Number(streamed.headers['x-ratelimit-remaining-requests'])).toBeLessThan(10)
    const free = await ask(scene.key, model)
    expect(Object.keys(free.headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
  })

  it('a request that one limit refuses is not counted by another', async () => {
    const { key, team } = await keyWith({ team: { rpm_limit: 30 }, key: { rpm_limit: 10 } })
    expect(counted(await askMany(key, 40))).toEqual({ served: 10, refused: 30 })
    const { workspace } = scene
    const other = await scene.factory.createVirtualKey({ workspace: workspace.id, team })
    expect(counted(await askMany(other.key, 40))).toEqual({ served: 20, refused: 20 })
  })

  it('are limited for a workspace, for a model of it, and for the organization', async () => {
    const { factory, model, team } = scene
    const workspace = await factory.createWorkspace({ rpm_limit: 12 })
    const { key } = await factory.createVirtualKey({ workspace: workspace.id, team: team.id })
    const modelPath = `/v1/workspaces/${workspace.id}/models`
    await host.management.create(modelPath, { model: model.name, rpm_limit: 4 })
    const other = await factory.createModel({ provider: scene.provider.id })
    await host.management.create(modelPath, { model: other.name })
    await knownEverywhere(key, other.name)
    expect(counted(await askMany(key, 20))).toEqual({ served: 4, refused: 16 })
    const [refused] = await askMany(key, 1)
    expect(refused?.text).toContain(`The limit of the model \`${model.name}\` in the workspace`)
    expect(counted(await askMany(key, 20, other.name))).toEqual({ served: 8, refused: 12 })

    await host.management.update('/v1/organizations/org_default', { rpm_limit: 1_000_000 })
    try {
      await waitFor(async () => {
        const { headers } = await ask(scene.key)
        return headers['x-ratelimit-limit-requests'] === '1000000'
      })
    } finally {
      await host.management.update('/v1/organizations/org_default', { rpm_limit: null })
    }
  })

  it('a raised limit counts within a second, and what was used stays', async () => {
    const { key, team } = await keyWith({ team: { rpm_limit: 5 } })
    expect(counted(await askMany(key, 20))).toEqual({ served: 5, refused: 15 })
    await host.management.update(`/v1/teams/${team}`, { rpm_limit: 15 })
    await sleep(1_000)
    expect(counted(await askMany(key, 40))).toEqual({ served: 10, refused: 30 })
  })

  it('is a RateLimitError with headers to the official SDK', async () => {
    const { key } = await keyWith({ workload: { rpm_limit: 1 } })
    const client = new OpenAI({ baseURL: `${weir.url}/v1`, apiKey: key, maxRetries: 0 })
    const chatOnce = () =>
      client.chat.completions.create({
        model: scene.model.name,
        messages: [{ role: 'user', content: 'Hello' }],
      })
    await chatOnce()
    const error = await chatOnce().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RateLimitError)
    const { status, code, headers } = error as RateLimitError
    expect([status, code]).toEqual([429, 'rate_limit_exceeded'])
    expect(headers?.get('x-ratelimit-limit-requests')).toBe('1')
    expect(headers?.get('x-ratelimit-remaining-requests')).toBe('0')
    expect(Number(headers?.get('retry-after'))).toBeGreaterThan(0)
  })

  it('holds when the policy service is killed: the gateways tell it what was used', async () => {
    const { key } = await keyWith({ team: { rpm_limit: 60 } })
    expect(counted(await askMany(key, 30))).toEqual({ served: 30, refused: 0 })
    const { pid } = weir.processes.get('policy') as { pid?: number }
    weir.processes.get('policy')?.kill('SIGKILL')
    await waitFor(() => {
      const now = weir.processes.get('policy')?.pid
      return now !== undefined && now !== pid
    })
    await waitFor(async () => (await sumOfGateways(host, 'weir_rate_alone')) === 0, { timeoutMs: 40_000 })
    await sleep(3_000)
    await waitFor(async () => (await sumOfGateways(host, 'weir_rate_alone')) === 0, { timeoutMs: 40_000 })
    const { served = 0 } = counted(await askMany(key, 100))
    expect(served).toBeGreaterThanOrEqual(29)
    expect(served).toBeLessThanOrEqual(30)
  })

  it('goes on by equal shares while the policy service is down, and says so', async () => {
    const { key } = await keyWith({ team: { rpm_limit: 90 } })
    expect(counted(await askMany(key, 30))).toEqual({ served: 30, refused: 0 })
    await weir.processes.get('policy')?.stop()
    try {
      await waitFor(async () => (await sumOfGateways(host, 'weir_rate_alone')) === 3)
      const { served = 0 } = counted(await askMany(key, 200))
      expect(served).toBeGreaterThan(30)
      expect(served).toBeLessThanOrEqual(60)
    } finally {
      await weir.processes.get('policy')?.start()
    }
    await waitFor(async () => (await sumOfGateways(host, 'weir_rate_alone')) === 0, { timeoutMs: 40_000 })
  })
})

describe('tokens per minute', () => {
  it('sets aside what a request may use, and counts what it used', async () => {
    const { key } = await keyWith({ key: { tpm_limit: 1_000 } })
    const { name, held, release } = await holdingModel()
    const first = ask(key, name, { max_tokens: 900 })
    await waitFor(() => held.length === 1)
    const refused = await sendRefused({ url: weir.url, key, body: chat(name, { max_tokens: 900 }) })
    expect([refused.status, refused.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(refused.error.message).toContain('is 1000 tokens per minute')
    expect(refused.headers['x-ratelimit-limit-tokens']).toBe('1000')
    expect(Number(refused.headers['x-ratelimit-remaining-tokens'])).toBeLessThan(100)
    release()
    expect((await first).status).toBe(200)
    // Twelve were used: the rest is free again.
    await waitFor(async () => {
      const next = ask(key, name, { max_tokens: 800 })
      const done = await Promise.race([next, waitFor(() => held.length === 1).then(() => undefined)])
      release()
      return (done ?? (await next)).status === 200
    })
    await sleep(400)
    const last = ask(key, name)
    await waitFor(() => held.length === 1)
    release()
    const { headers } = await last
    expect(Number(headers['x-ratelimit-remaining-tokens'])).toBeGreaterThan(900)
  })

  it('tells input from output, and refuses what can never fit', async () => {
    const { key } = await keyWith({ key: { input_tpm_limit: 100, output_tpm_limit: 50 } })
    const tooLong = await sendRefused({
      ...{ url: weir.url, key },
      body: { model: scene.model.name, messages: [{ role: 'user', content: 'x'.repeat(1_000) }] },
    })
    expect(tooLong.error.message).toMatch(
      /is 100 input tokens per minute, and this request alone may need \d+/,
    )
    const tooMuch = await sendRefused({
      url: weir.url,
      key,
      body: chat(scene.model.name, { max_tokens: 51 }),
    })
    expect(tooMuch.error.message).toMatch(
      /is 50 output tokens per minute, and this request alone may need 51/,
    )
    expect((await ask(key, scene.model.name, { max_tokens: 10 })).status).toBe(200)
  })
})

describe('parallel requests', () => {
  it('are never more than the limit, and free again when they end', async () => {
    const { key } = await keyWith({ team: { max_parallel_requests: 4 } })
    const { name, held, release } = await holdingModel()
    for (let round = 0; round < 3; round += 1) {
      const refused: WholeReply[] = []
      const asked = Array.from({ length: 12 }, async () => {
        const reply = await ask(key, name)
        if (reply.status !== 200) refused.push(reply)
        return reply
      })
      await waitFor(() => refused.length + held.length === 12)
      expect([refused.length, held.length]).toEqual([8, 4])
      for (const { status, headers } of refused) expect([status, headers['retry-after']]).toEqual([429, '1'])
      expect(refused[0]?.text).toContain('is 4 requests at the same time, and that many are under way')
      release()
      expect(counted(await Promise.all(asked))).toEqual({ served: 4, refused: 8 })
      await sleep(700)
    }
    expect(await sumOfGateways(host, 'weir_rate_slots_used')).toBe(0)
  })

  it('leave no slot behind when callers hang up', async () => {
    const { key } = await keyWith({ team: { max_parallel_requests: 2 } })
    const { name, held, release } = await holdingModel()
    const calls = [1, 2].map(() => openCall({ url: weir.url, key, body: chat(name, { stream: true }) }))
    await waitFor(() => held.length === 2)
    for (const { request, reply } of calls) {
      reply.catch(() => undefined)
      request.on('error', () => undefined).destroy()
    }
    await waitFor(async () => (await sumOfGateways(host, 'weir_rate_slots_used')) === 0)
    held.splice(0)
    await waitFor(async () => {
      const again = ask(key, name)
      await Promise.race([again, waitFor(() => held.length === 1).catch(() => undefined)])
      release()
      return (await again).status === 200
    })
  })

  it('have the slots of killed gateways again within seconds', async () => {
    const { key } = await keyWith({ team: { max_parallel_requests: 3 } })
    const { name, held, release } = await holdingModel()
    const lost = [1, 2, 3].map(() => ask(key, name).catch(() => undefined))
    await waitFor(() => held.length === 3)
    const pids = host.gateways.map((gateway) => weir.processes.get(gateway)?.pid)
    for (const gateway of host.gateways) weir.processes.get(gateway)?.kill('SIGKILL')
    await Promise.all(lost)
    held.splice(0)
    await waitFor(() =>
      host.gateways.every((gateway, at) => ![undefined, pids[at]].includes(weir.processes.get(gateway)?.pid)),
    )
    await waitFor(
      async () => {
        const asked = [1, 2, 3].map(() => ask(key, name).catch(() => undefined))
        await Promise.race([
          Promise.all(asked),
          waitFor(() => held.length === 3, { timeoutMs: 2_000 }).catch(() => undefined),
        ])
        release()
        return (await Promise.all(asked)).every((reply) => reply?.status === 200)
      },
      { timeoutMs: 40_000, intervalMs: 200 },
    )
    await waitFor(async () => (await sumOfGateways(host, 'weir_rate_slots_used')) === 0)
    await waitFor(async () => sumOf(await readMetrics(host, 'policy'), 'weir_rate_slots_leased') === 0, {
      timeoutMs: 40_000,
    })
  })
})
