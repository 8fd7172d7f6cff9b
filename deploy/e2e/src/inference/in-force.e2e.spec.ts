import { waitFor } from '@weir/testing'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, openCall, send } from '../stack/client.js'
import { type CreatedKey, unique } from '../stack/factory.js'
import { chunk, RawUpstream, sse } from '../stack/raw-upstream.js'
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

/** What a request that began at a moment came to. */
interface Probe {
  beganAt: number
  status: number
}

/** Sends requests one after another, each over a new connection, until it is stopped. */
function probe(ask: () => Promise<number>): { probes: Probe[]; stop: () => Promise<void> } {
  const probes: Probe[] = []
  let running = true
  const run = (async () => {
    while (running) {
      const beganAt = performance.now()
      probes.push({ beganAt, status: await ask() })
      await sleep(40)
    }
  })()
  return { probes, stop: () => ((running = false), run) }
}

const chatStatus = async (key: string, model = scene.model.name): Promise<number> =>
  (await send({ url: weir.url, key, body: chat(model) })).status

/** Makes a change while requests run and for two seconds more; gives their outcomes by when they began. */
async function change(
  ask: () => Promise<number>,
  make: () => Promise<unknown>,
): Promise<{ before: Set<number>; later: Set<number>; count: number }> {
  const { probes, stop } = probe(ask)
  await waitFor(() => probes.length >= 5)
  const before = new Set(probes.map(({ status }) => status))
  await make()
  const madeAt = performance.now()
  await sleep(3_000)
  await stop()
  const later = probes.filter(({ beganAt }) => beganAt > madeAt + 1_000)
  return { before, later: new Set(later.map(({ status }) => status)), count: later.length }
}

const { update, create } = { update: 'PATCH', create: 'POST' } as const

describe.concurrent('within a second, and never undone by requests under way', () => {
  const keyFields = async (fields: object = {}): Promise<object> => ({
    ...{ workspace: scene.workspace.id, team: (await scene.factory.createTeam()).id },
    workload: (await scene.factory.createWorkload({ workspace: scene.workspace.id })).id,
    ...fields,
  })
  type Fields = { workspace: string; team: string; workload: string }

  const withdrawals: [string, number, (key: CreatedKey, fields: Fields) => [string, string, object?]][] = [
    ['a key that is disabled', 401, ({ id }) => [update, `/v1/keys/${id}`, { disabled: true }]],
    ['a key that is deleted', 401, ({ id }) => ['DELETE', `/v1/keys/${id}`]],
    ['a key that is rotated', 401, ({ id }) => [create, `/v1/keys/${id}/rotate`, {}]],
    ['a key that loses its models', 403, ({ id }) => [update, `/v1/keys/${id}`, { models: ['another'] }]],
    ['a key that loses its team', 403, ({ id }) => [update, `/v1/keys/${id}`, { team: null }]],
    [
      'a key that loses its endpoints',
      403,
      ({ id }) => [update, `/v1/keys/${id}`, { endpoints: ['images'] }],
    ],
    [
      'a team that loses its models',
      403,
      (_, { team }) => [update, `/v1/teams/${team}`, { models: ['another'] }],
    ],
    [
      'a workload that loses its models',
      403,
      (_, { workload }) => [update, `/v1/workloads/${workload}`, { models: [] }],
    ],
  ]

  it.each(withdrawals)('%s is refused on every gateway', async (_, refusal, how) => {
    const fields = (await keyFields()) as Fields
    const key = await scene.factory.createVirtualKey({ ...fields })
    // A stream that began under the old state, and ends long after the change.
    const model = await scene.addModel()
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    upstream.answer(model.name, async (call) => {
      call.startStream()
      await call.event(chunk('under way'))
      await finished
      call.end(sse('[DONE]'))
    })
    const underway = await openCall({ url: weir.url, key: key.key, body: chat(model.name, { stream: true }) })
      .reply
    await once(underway, 'readable')

    const [method, path, body] = how(key, fields)
    const { before, later, count } = await change(
      () => chatStatus(key.key),
      async () => {
        await weir.management.call(method, path, body)
        setTimeout(finish, 1_200)
      },
    )
    expect(before).toEqual(new Set([200]))
    expect(later).toEqual(new Set([refusal]))
    expect(count).toBeGreaterThan(10)
    let text = ''
    for await (const part of underway.setEncoding('utf8')) text += part as string
    expect(text.endsWith(sse('[DONE]'))).toBe(true)
  })

  it('a key that is enabled again works', async () => {
    const key = await scene.factory.createVirtualKey({ ...((await keyFields()) as Fields), disabled: true })
    const path = `/v1/keys/${key.id}`
    const result = await change(
      () => chatStatus(key.key),
      () => weir.management.update(path, { disabled: false }),
    )
    expect([result.before, result.later]).toEqual([new Set([401]), new Set([200])])
  })

  it('a parent’s limit binds the team below', async () => {
    const parent = await scene.factory.createTeam()
    const team = await scene.factory.createTeam({ parent: parent.id })
    const { key } = await scene.factory.createVirtualKey({ workspace: scene.workspace.id, team: team.id })
    const path = `/v1/teams/${parent.id}`
    const result = await change(
      () => chatStatus(key),
      () => weir.management.update(path, { models: [] }),
    )
    expect([result.before, result.later]).toEqual([new Set([200]), new Set([403])])
  })

  it('a model that is made can be used, one that is deleted cannot', async () => {
    const name = unique('model')
    const made = await change(
      () => chatStatus(scene.key, name),
      () => scene.factory.createModel({ name, provider: scene.provider.id }),
    )
    expect([made.before, made.later]).toEqual([new Set([404]), new Set([200])])
    const deleted = await change(
      () => chatStatus(scene.key, name),
      () => weir.management.delete(`/v1/models/${name}`),
    )
    expect([deleted.before, deleted.later]).toEqual([new Set([200]), new Set([404])])
  })

  it('a provider’s new credential and new address are the only ones that are used', async () => {
    const [before, after] = await Promise.all([RawUpstream.start(), RawUpstream.start()])
    const old = unique('sk-old')
    const fresh = unique('sk-new')
    const provider = await scene.factory.createProvider({ base_url: before.baseUrl, api_key: old })
    const model = await scene.factory.createModel({ provider: provider.id })
    await waitFor(async () => (await chatStatus(scene.key, model.name)) === 200)
    let madeAt = Infinity
    const result = await change(
      () => chatStatus(scene.key, model.name),
      async () => {
        await weir.management.update(`/v1/providers/${provider.id}`, {
          base_url: after.baseUrl,
          api_key: fresh,
        })
        madeAt = performance.now()
      },
    )
    expect(result.later).toEqual(new Set([200]))
    const sent = (calls: typeof before.calls) =>
      new Set(calls.map((call) => call.request.headers.authorization))
    expect(before.calls.filter(({ at }) => at > madeAt + 1_000)).toEqual([])
    expect(sent(before.calls)).toEqual(new Set([`Bearer ${old}`]))
    expect(sent(after.calls)).toEqual(new Set([`Bearer ${fresh}`]))
    await Promise.all([before.stop(), after.stop()])
  })

  it('a new price counts', async () => {
    const model = await scene.addModel({ prices: { input_per_million: '1', output_per_million: '1' } })
    const prices = { input_per_million: '1000', output_per_million: '1000' }
    await weir.management.update(`/v1/models/${model.name}`, { prices })
    await sleep(1_000)
    for (let index = 0; index < 4; index += 1) {
      const reply = await send({ url: weir.url, key: scene.key, body: chat(model.name) })
      // Nine tokens in, three out.
      expect(await waitForAttempt(weir.management, reply.headers['x-request-id'])).toMatchObject({
        cost_usd: '0.012000000',
      })
    }
  })
})

describe('a new key', () => {
  it('works with the first request, on every gateway', async () => {
    const made = Array.from({ length: 20 }, async () => {
      const team = await scene.factory.createTeam()
      const workload = await scene.factory.createWorkload({ workspace: scene.workspace.id })
      const links = { workspace: scene.workspace.id, team: team.id, workload: workload.id }
      const { key } = await scene.factory.createVirtualKey(links)
      return Promise.all([chatStatus(key), chatStatus(key), chatStatus(key)])
    })
    expect(new Set((await Promise.all(made)).flat())).toEqual(new Set([200]))
  })

  it('that is disabled while it is used for the first time is refused a second later', async () => {
    const races = Array.from({ length: 20 }, async (_, index) => {
      const links = { workspace: scene.workspace.id, team: scene.team.id }
      const { key, id } = await scene.factory.createVirtualKey(links)
      const first = sleep(index % 5).then(() => chatStatus(key))
      await weir.management.update(`/v1/keys/${id}`, { disabled: true })
      await Promise.all([first, sleep(1_000)])
      return Promise.all(Array.from({ length: 6 }, () => chatStatus(key)))
    })
    expect(new Set((await Promise.all(races)).flat())).toEqual(new Set([401]))
  })
})
