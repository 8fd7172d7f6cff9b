import { generateVirtualKey } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { chat, send, sendRefused } from '../stack/client.js'
import { type Factory, type Resource } from '../stack/factory.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, inForce, listModels, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
let factory: Factory
let first: Resource
let second: Resource

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  factory = scene.factory
  first = scene.model
  second = await scene.addModel()
  return () => upstream.stop()
})

/** A workspace with a key that may use every model. */
async function makeWorkspace(fields: object = {}): Promise<{ workspace: Resource; id: string; key: string }> {
  const workspace = await factory.createWorkspace()
  const { id, key } = await factory.createVirtualKey({
    workspace: workspace.id,
    team: scene.team.id,
    ...fields,
  })
  await waitFor(
    async () => (await send({ url: weir.url, key, path: '/livez', method: 'GET' })).status === 200,
  )
  return { workspace, id, key }
}

const whitelist = (workspace: Resource, model = '') =>
  `/v1/workspaces/${workspace.id}/models${model && `/${model}`}`

/** Waits until both gateways list these of our models for a key. */
async function usable(key: string, names: string[]): Promise<void> {
  const ours = [first.name, second.name]
  await waitFor(async () => {
    for (let asked = 0; asked < 8; asked += 1) {
      const listed = (await listModels(weir.url, key)).filter((name) => ours.includes(name)).sort()
      if (listed.join() !== [...names].sort().join()) return false
    }
    return true
  })
}

/** Why a call is refused, in the words of the caller. */
const told = async (key: string, model: string): Promise<string> => {
  const { error } = await sendRefused({ url: weir.url, key, body: chat(model) })
  return `${error.code}: ${error.message}`
}

interface Effective {
  workspace_deployments: { name: string; refusal: { code: string; message: string } | null }[]
  data: { model: string; allowed: boolean; refusal: { code: string; message: string } | null }[]
}

describe('the models of a workspace', () => {
  it('are all of the organization’s until it has a whitelist, and those of it from then on', async () => {
    const { workspace, key } = await makeWorkspace()
    await usable(key, [first.name, second.name])
    await weir.management.create(whitelist(workspace), { model: first.name })
    await usable(key, [first.name])
    expect(await told(key, second.name)).toMatch(
      /^model_not_allowed: .*not among the models of its workspace/,
    )
    expect((await send({ url: weir.url, key, body: chat(first.name) })).status).toBe(200)
    // No other workspace is touched.
    expect((await send({ url: weir.url, key: scene.key, body: chat(second.name) })).status).toBe(200)
    await weir.management.delete(whitelist(workspace, first.name))
    await usable(key, [first.name, second.name])
  })

  it('can be switched off, and be there for a time', async () => {
    const { workspace, key } = await makeWorkspace()
    for (const { name } of [first, second])
      await weir.management.create(whitelist(workspace), { model: name })
    await weir.management.update(whitelist(workspace, first.name), { available: false })
    await usable(key, [second.name])
    expect(await told(key, first.name)).toMatch(/^model_not_allowed: .*switched off in its workspace/)
    const from = new Date(Date.now() + 1_500).toISOString()
    await weir.management.update(whitelist(workspace, first.name), { available: true, available_from: from })
    await waitFor(async () => (await told(key, first.name)).includes(`from ${from}`))
    await usable(key, [first.name, second.name])
    const until = new Date(Date.now() + 500).toISOString()
    await weir.management.update(whitelist(workspace, second.name), { available_until: until })
    await usable(key, [first.name])
    expect(await told(key, second.name)).toContain(`until ${until}`)
  })

  it('are cut to the workload, the team and the key', async () => {
    const { workspace, key } = await makeWorkspace({ models: [second.name] })
    await weir.management.create(whitelist(workspace), { model: first.name })
    await usable(key, [])
    expect(await told(key, first.name)).toContain('of its virtual key')
    expect(await told(key, second.name)).toContain('of its workspace')
  })

  it('hold requests to their output tokens', async () => {
    const { workspace, key } = await makeWorkspace()
    const terms = { model: first.name, max_output_tokens: 40 }
    await weir.management.create(whitelist(workspace), terms)
    await usable(key, [first.name])
    const body = (fields: object) => chat(first.name, { ...fields, user: key.slice(-8) })
    const refused = await sendRefused({ url: weir.url, key, body: body({ max_tokens: 41 }) })
    expect([refused.status, refused.error.code, refused.error.param]).toEqual([
      400,
      'invalid_request',
      'max_tokens',
    ])
    expect(refused.error.message).toContain('1 to 40')
    for (const fields of [{}, { max_tokens: 7 }]) {
      expect((await send({ url: weir.url, key, body: body(fields) })).status).toBe(200)
    }
    const sent = upstream.calls.map(({ document }) => document).filter(({ user }) => user === key.slice(-8))
    expect(sent.map(({ max_tokens: limit }) => limit)).toEqual([40, 7])
  })

  it('are told by the effective rights of a key as the gateways tell them', async () => {
    const { workspace, id, key } = await makeWorkspace({ models: ['unknown', first.name, second.name] })
    await weir.management.create(whitelist(workspace), { model: first.name })
    await usable(key, [first.name])
    const { data } = await weir.management.get<Effective>(`/v1/keys/${id}/effective?limit=1000`)
    const listed = await listModels(weir.url, key)
    expect(data.filter(({ allowed }) => allowed).map(({ model }) => model)).toEqual(listed)
    const refusals = data.flatMap(({ model, refusal }) => (refusal ? [{ model, ...refusal }] : []))
    expect(refusals.length).toBeGreaterThan(0)
    for (const { model, code, message } of refusals.slice(0, 20)) {
      expect(await told(key, model)).toBe(`${code}: ${message}`)
    }
  })

  it('are told of deployments as well: one that leads to none of them is refused, and not listed', async () => {
    const { workspace, id, key } = await makeWorkspace({ models: [first.name] })
    const deploy = async (targets: Resource[]) => {
      const name = `alias-${workspace.id.slice(-8)}-${targets.length}`
      const models = targets.map((target) => ({ model: target.name }))
      await weir.management.create('/v1/deployments', { name, workspace: workspace.id, targets: models })
      return name
    }
    const [forbidden, open] = [await deploy([second]), await deploy([second, first])]
    await waitFor(async () => (await listModels(weir.url, key)).includes(open))
    const { workspace_deployments: effective } = await weir.management.get<Effective>(
      `/v1/keys/${id}/effective`,
    )
    expect(
      effective.map(({ name, refusal }) => [name, refusal && `${refusal.code}: ${refusal.message}`]),
    ).toEqual([
      [forbidden, await told(key, forbidden)],
      [open, null],
    ])
    expect((await send({ url: weir.url, key, body: chat(open) })).status).toBe(200)
    expect(await listModels(weir.url, key)).not.toContain(forbidden)
  })
})

describe('a key', () => {
  it('for deployments alone may call no model', async () => {
    const { key } = await makeWorkspace({ models: [], deployments: ['assistant'] })
    expect(await told(key, first.name)).toMatch(/^model_not_allowed: /)
    expect(await listModels(weir.url, key)).toEqual([])
  })

  it('is limited to networks, whatever the caller says of where it is', async () => {
    const { id, key } = await makeWorkspace({ source_networks: ['10.0.0.0/8', 'fd00::/8'] })
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-client-ip']) {
      const headers = { [name]: name === 'forwarded' ? 'for=10.1.2.3' : '10.1.2.3' }
      const { status, error } = await sendRefused({ url: weir.url, key, headers, body: chat(first.name) })
      expect([status, error.code]).toEqual([403, 'source_not_allowed'])
      expect(error.message).toContain('127.0.0.1')
    }
    await weir.management.update(`/v1/keys/${id}`, { source_networks: ['127.0.0.0/8'] })
    await waitFor(async () => (await send({ url: weir.url, key, body: chat(first.name) })).status === 200)
  })

  it('and its workload tell when they were last used', async () => {
    const workload = await factory.createWorkload({ workspace: scene.workspace.id })
    const links = { workspace: scene.workspace.id, team: scene.team.id, workload: workload.id }
    const { id, key } = await factory.createVirtualKey(links)
    const lastUsed = async (path: string) =>
      (await weir.management.get<{ last_used_at: string | null }>(path)).last_used_at
    expect(await lastUsed(`/v1/keys/${id}`)).toBeNull()
    const before = Date.now()
    await inForce(weir, key, first.name)
    expect((await send({ url: weir.url, key, body: chat(first.name) })).status).toBe(200)
    for (const path of [`/v1/keys/${id}`, `/v1/workloads/${workload.id}`]) {
      const at = await waitFor(() => lastUsed(path), { timeoutMs: 60_000, intervalMs: 500 })
      expect(Date.parse(at)).toBeGreaterThanOrEqual(before)
      expect(Date.parse(at)).toBeLessThanOrEqual(Date.now())
    }
  })
})

describe('threat 19: a refused key', () => {
  it('is refused in the same words and the same time, however much of it is right', async () => {
    const { key } = await makeWorkspace()
    await usable(key, [first.name, second.name])
    const wrongLast = (value: string) => `${value.slice(0, -1)}${value.endsWith('a') ? 'b' : 'a'}`
    const values = {
      almost: wrongLast(key),
      far: wrongLast(generateVirtualKey()),
      unknown: generateVirtualKey(),
    }
    const samples: Record<keyof typeof values, number[]> = { almost: [], far: [], unknown: [] }
    const answers = new Set<string>()
    for (let round = 0; round < 220; round += 1) {
      for (const name of ['almost', 'far', 'unknown'] as const) {
        const startedAt = performance.now()
        const { status, text } = await send({ url: weir.url, key: values[name], body: chat(first.name) })
        answers.add(`${status} ${text}`)
        // The first ones are compiled, and looked up.
        if (round >= 20) samples[name].push(performance.now() - startedAt)
      }
    }
    expect([...answers]).toEqual([expect.stringMatching(/^401 .*invalid_api_key/)])
    const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0
    const [almost, far] = [median(samples.almost), median(samples.far)]
    expect(Math.abs(almost - far)).toBeLessThan(Math.max(0.5, 0.25 * far))
  })
})
