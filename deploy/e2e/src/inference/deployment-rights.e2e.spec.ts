import { waitFor } from '@weir/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { type Resource, unique } from '../stack/factory.js'
import { createScene, inForce, listModels, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let scene: Scene
/** Over `second` alone, and over both models. */
let narrow: Resource
let wide: Resource
let second: Resource

const deploy = (...models: string[]) =>
  weir.management.create<Resource>('/v1/deployments', {
    ...{ name: unique('dep'), workspace: scene.workspace.id },
    targets: models.map((model) => ({ model })),
  })

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
  second = await scene.addModel()
  narrow = await deploy(second.name)
  wide = await deploy(scene.model.name, second.name)
  await inForce(weir, scene.key, wide.name)
})

async function makeKey(rights: object): Promise<string> {
  const { workspace, team, factory } = scene
  return (await factory.createVirtualKey({ workspace: workspace.id, team: team.id, ...rights })).key
}

/** 200, or the code of the refusal. */
async function ask(key: string, model: string): Promise<unknown> {
  const { status, text } = await send({ url: weir.url, key, body: chat(model) })
  return status === 200 ? 200 : (JSON.parse(text) as { error: { code: string } }).error.code
}

describe('a virtual key', () => {
  it('calls every deployment of its workspace unless it says otherwise, and an attempt names it', async () => {
    const { headers } = await send({ url: weir.url, key: scene.key, body: chat(narrow.name) })
    const attempt = await waitForAttempt(weir.management, headers['x-request-id'])
    expect(attempt).toMatchObject({ model: second.name, deployment: narrow.name, repository: null })
  })

  it('that names deployments calls no other, and what models it names only directly', async () => {
    const key = await makeKey({ deployments: [narrow.name], models: [] })
    expect(await ask(key, narrow.name)).toBe(200)
    expect(await ask(key, wide.name)).toBe('deployment_not_allowed')
    expect(await ask(key, second.name)).toBe('model_not_allowed')
    expect(await listModels(weir.url, key)).toEqual([narrow.name])

    const some = await makeKey({ deployments: [narrow.name], models: [scene.model.name] })
    expect(await ask(some, narrow.name)).toBe(200)
    expect(await ask(some, scene.model.name)).toBe(200)
    expect(await ask(some, second.name)).toBe('model_not_allowed')
  })

  it('threat 8: that names models alone gets no other through a deployment', async () => {
    const key = await makeKey({ models: [scene.model.name] })
    expect(await ask(key, narrow.name)).toBe('model_not_allowed')
    for (let i = 0; i < 6; i++) {
      const { status, headers } = await send({ url: weir.url, key, body: chat(wide.name) })
      expect(status).toBe(200)
      const { model } = await waitForAttempt(weir.management, headers['x-request-id'])
      expect(model).toBe(scene.model.name)
    }
  })

  it('gets through a deployment no model that its workload may not use', async () => {
    const { factory, workspace } = scene
    const workload = await factory.createWorkload({ workspace: workspace.id, models: [scene.model.name] })
    const key = await makeKey({ workload: workload.id, deployments: [narrow.name, wide.name] })
    expect(await ask(key, narrow.name)).toBe('model_not_allowed')
    expect(await ask(key, wide.name)).toBe(200)
  })

  it('threat 9: of another workspace does not know the alias', async () => {
    const stranger = await createScene(weir)
    expect(await ask(stranger.key, wide.name)).toBe('model_not_found')
  })

  it('is told the same by its effective rights', async () => {
    const { id } = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, team: scene.team.id, deployments: [narrow.name] },
    })
    const { workspace_deployments: told } = await weir.management.get<{
      workspace_deployments: { name: string; allowed: boolean }[]
    }>(`/v1/keys/${id}/effective`)
    expect(Object.fromEntries(told.map(({ name, allowed }) => [name, allowed]))).toEqual({
      ...{ [narrow.name]: true, [wide.name]: false },
    })
  })

  it('that is refused is let in a second after its deployments are widened', async () => {
    const { workspace, team, factory } = scene
    const made = await factory.createVirtualKey({
      ...{ workspace: workspace.id, team: team.id, deployments: [narrow.name] },
    })
    expect(await ask(made.key, wide.name)).toBe('deployment_not_allowed')
    await weir.management.update(`/v1/keys/${made.id}`, { deployments: [narrow.name, wide.name] })
    await waitFor(async () => (await ask(made.key, wide.name)) === 200, { timeoutMs: 1_500, intervalMs: 30 })
  })
})
