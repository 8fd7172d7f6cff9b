import { beforeAll, describe, expect, it } from 'vitest'
import { chat, send, sendRefused } from '../stack/client.js'
import { type Factory, type Resource, unique } from '../stack/factory.js'
import { createScene, inForce, listModels, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let scene: Scene
let factory: Factory
/** Public names of five models. */
let models: string[]

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
  factory = scene.factory
  const more = await Promise.all(
    Array.from({ length: 4 }, () => factory.createModel({ provider: scene.provider.id })),
  )
  models = [scene.model, ...more].map(({ name }) => name)
  await Promise.all(models.map((model) => inForce(weir, scene.key, model)))
})

/** Whom a request belongs to, each with the models that it may use; undefined: not limited. */
interface Rights {
  key?: string[]
  workload?: string[]
  team?: string[]
  /** Of the team above. */
  parent?: string[]
}

async function makeKey(rights: Rights): Promise<string> {
  const limit = (names: string[] | undefined) => (names ? { models: names } : {})
  const parent = await factory.createTeam(limit(rights.parent))
  const [team, workload] = await Promise.all([
    factory.createTeam({ parent: parent.id, ...limit(rights.team) }),
    factory.createWorkload({ workspace: scene.workspace.id, models: rights.workload ?? ['*'] }),
  ])
  const links = { workspace: scene.workspace.id, workload: workload.id, team: team.id }
  return (await factory.createVirtualKey({ ...links, ...limit(rights.key) })).key
}

const call = (key: string, model: string) => send({ url: weir.url, key, body: chat(model) })

/** Our models among those that a key may use. */
const listed = async (key: string): Promise<string[]> =>
  (await listModels(weir.url, key)).filter((name) => models.includes(name)).sort()

/** Numbers of the five models, as text, to their names. */
const named = (numbers: string | undefined): string[] | undefined =>
  numbers === undefined
    ? undefined
    : numbers === '*'
      ? ['*']
      : [...numbers].map((number) => models[Number(number)] ?? '')

describe('the models of a key', () => {
  const cases: [
    key: string | undefined,
    workload: string | undefined,
    team: string | undefined,
    parent: string | undefined,
    effective: string,
  ][] = [
    [undefined, undefined, undefined, undefined, '01234'],
    ['*', '*', '*', '*', '01234'],
    ['012', undefined, undefined, undefined, '012'],
    [undefined, '123', undefined, undefined, '123'],
    [undefined, undefined, '234', undefined, '234'],
    [undefined, undefined, undefined, '034', '034'],
    ['012', '123', '*', undefined, '12'],
    ['0123', '1234', '0134', '134', '13'],
    [undefined, undefined, '*', '0', '0'],
    [undefined, undefined, '01', '12', '1'],
    ['01', '23', undefined, undefined, ''],
    [undefined, '', undefined, undefined, ''],
    ['', '*', '*', '*', ''],
  ]
  it.each(cases)(
    'are those of key %s ∩ workload %s ∩ team %s ∩ parent %s',
    async (key, workload, team, parent, effective) => {
      const rights = { key: named(key), workload: named(workload), team: named(team), parent: named(parent) }
      const value = await makeKey(rights)
      const expected = named(effective) ?? []
      expect(await listed(value)).toEqual([...expected].sort())
      const outcomes = await Promise.all(
        models.map(async (model) => [model, (await call(value, model)).status]),
      )
      expect(outcomes).toEqual(models.map((model) => [model, expected.includes(model) ? 200 : 403]))
    },
  )

  it('may be named before they exist', async () => {
    const name = unique('later')
    const key = await makeKey({ key: [name], workload: [name] })
    expect((await sendRefused({ url: weir.url, key, body: chat(name) })).error.code).toBe('model_not_found')
    await factory.createModel({ name, provider: scene.provider.id })
    await inForce(weir, key, name)
    expect((await call(key, name)).status).toBe(200)
  })

  it('are those of its team when it has no workload', async () => {
    const team = await factory.createTeam({ models: models.slice(0, 2) })
    const { key } = await factory.createVirtualKey({ workspace: scene.workspace.id, team: team.id })
    expect(await listed(key)).toEqual(models.slice(0, 2).sort())
  })

  it('are none of a provider that serves another workspace only', async () => {
    const [here, elsewhere] = await Promise.all(
      [scene.workspace, factory.createWorkspace()].map(async (workspace) => {
        const { id } = await workspace
        const provider = await factory.createSandbox({ workspace: id })
        return factory.createModel({ provider: provider.id })
      }),
    )
    await inForce(weir, scene.key, here?.name ?? '')
    const visible = await listModels(weir.url, scene.key)
    expect([visible.includes(here?.name ?? ''), visible.includes(elsewhere?.name ?? '')]).toEqual([
      true,
      false,
    ])
    expect((await call(scene.key, here?.name ?? '')).status).toBe(200)
    expect((await call(scene.key, elsewhere?.name ?? '')).status).toBe(404)
  })

  it('can be asked for one by one, and the others are as if they were not', async () => {
    const key = await makeKey({ key: [models[0] ?? ''] })
    const ask = (name: string) =>
      send({ url: weir.url, key, method: 'GET', path: `/v1/models/${encodeURIComponent(name)}` })
    const reply = await ask(models[0] ?? '')
    expect(JSON.parse(reply.text)).toEqual({
      ...{ id: models[0], object: 'model', owned_by: scene.provider.name },
      created: expect.closeTo(Date.now() / 1000, -3) as number,
    })
    expect((await ask(models[1] ?? '')).status).toBe(403)
    expect((await ask('nothing')).status).toBe(404)
    expect((await ask('a/b')).status).toBe(404)
  })
})

describe('a key', () => {
  const make = (fields: object): Promise<Resource & { key: string }> =>
    factory.createVirtualKey({ workspace: scene.workspace.id, team: scene.team.id, ...fields })
  const status = async (key: string): Promise<number> => (await call(key, scene.model.name)).status

  it('calls the endpoints that it is for', async () => {
    const [chatOnly, embeddingsOnly] = await Promise.all([
      make({ endpoints: ['chat'] }),
      make({ endpoints: ['embeddings'] }),
    ])
    expect([await status(chatOnly.key), await status(embeddingsOnly.key)]).toEqual([200, 403])
    for (const { key } of [chatOnly, embeddingsOnly])
      expect(await listModels(weir.url, key)).toContain(scene.model.name)
  })

  it('of type llm or default calls models, of type management does not', async () => {
    const keys = await Promise.all(['llm', 'default', 'management'].map((type) => make({ type })))
    expect(await Promise.all(keys.map(({ key }) => status(key)))).toEqual([200, 200, 403])
  })

  it('that was rotated works under its new value alone', async () => {
    const { id, key } = await make({})
    expect(await status(key)).toBe(200)
    const { key: fresh } = await weir.management.create<{ key: string }>(`/v1/keys/${id}/rotate`, {})
    expect(fresh).not.toBe(key)
    expect(await status(fresh)).toBe(200)
    await expect.poll(() => status(key), { timeout: 1_000, interval: 20 }).toBe(401)
  })

  it('is shown once: never by get, list or update', async () => {
    const { id, key } = await make({})
    const { management } = weir
    const shown = [
      await management.send('GET', `/v1/keys/${id}`),
      await management.send('GET', '/v1/keys?limit=1000'),
      await management.send('PATCH', `/v1/keys/${id}`, { name: unique('renamed') }),
    ]
    for (const { status, text } of shown) {
      expect(status).toBe(200)
      expect(text).not.toContain(key.slice(3, 43))
    }
  })

  it('grants nothing by its workload alone: a workload without a key is no way in', async () => {
    const workload = await factory.createWorkload({ workspace: scene.workspace.id })
    for (const value of [workload.id, `vk_${workload.id}`]) {
      expect((await call(value, scene.model.name)).status).toBe(401)
    }
  })
})
