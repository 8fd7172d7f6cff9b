import { waitFor } from '@weir/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { around } from '../stack/accounting.js'
import { chat, send, sendRefused } from '../stack/client.js'
import { type Resource, unique } from '../stack/factory.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let scene: Scene
let outside: Resource
let repository: Resource
let path: string
let key: string

const chatPath = '/v1/chat/completions'

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
  const { workspace, workload, team, provider, factory } = scene
  const second = await factory.createSandbox()
  outside = await factory.createModel({ provider: second.id })
  repository = await weir.management.create<Resource>('/v1/repositories', {
    ...{ name: unique('repo'), workspace: workspace.id, providers: [provider.id] },
  })
  path = `/r/${repository.name}/v1`
  const limited = await factory.createVirtualKey({
    ...{ workspace: workspace.id, workload: workload.id, team: team.id, repositories: [repository.name] },
  })
  key = limited.key
  await waitFor(async () => (await ask(key, scene.model.name)).status === 200, { what: 'the repository' })
})

const ask = (as: string, model: string) =>
  send({ url: weir.url, key: as, path: `${path}/chat/completions`, body: chat(model) })
const refused = async (as: string, at: string, model = scene.model.name) => {
  const { status, error } = await sendRefused({ url: weir.url, key: as, path: at, body: chat(model) })
  return [status, error.code]
}

describe('a repository', () => {
  it('lists and calls the models of its providers, and no other', async () => {
    const { text } = await send({ url: weir.url, key, path: `${path}/models`, method: 'GET' })
    const { data } = JSON.parse(text) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual([scene.model.name])
    expect(await refused(key, `${path}/chat/completions`, outside.name)).toEqual([404, 'model_not_found'])
    expect((await send({ url: weir.url, key: scene.key, body: chat(outside.name) })).status).toBe(200)
  })

  it('is the only place where a key that is limited to it works', async () => {
    expect(await refused(key, chatPath)).toEqual([403, 'endpoint_not_allowed'])
    expect((await ask(scene.key, scene.model.name)).status).toBe(200)
    const { factory, workspace, team } = scene
    const links = { workspace: workspace.id, team: team.id }
    const other = await factory.createVirtualKey({ ...links, repositories: ['another'] })
    const none = await factory.createVirtualKey({ ...links, repositories: [] })
    for (const { key: kept } of [other, none]) {
      expect(await refused(kept, `${path}/chat/completions`)).toEqual([403, 'endpoint_not_allowed'])
    }
    expect((await send({ url: weir.url, key: none.key, body: chat(scene.model.name) })).status).toBe(200)
  })

  it('threat 9: is as good as none for another workspace', async () => {
    const stranger = await createScene(weir)
    expect(await refused(stranger.key, `${path}/chat/completions`)).toEqual([404, 'repository_not_found'])
    expect(await refused(scene.key, '/r/nobody/v1/chat/completions')).toEqual([404, 'repository_not_found'])
  })

  it('counts what was sent below it, and each attempt names it', async () => {
    const { headers } = await ask(key, scene.model.name)
    const request = String(headers['x-request-id'])
    const { start, end } = around()
    const stats = () =>
      weir.management.get<{ requests: number; output_tokens: number; errors: number }>(
        `/v1/repositories/${repository.name}/stats?start=${start}&end=${end}`,
      )
    const log = () => weir.management.send('GET', `/v1/requests/${request}`)
    await waitFor(async () => (await log()).status === 200, { what: 'the request in the log' })
    expect((await log()).body).toMatchObject({ data: [{ repository: repository.name, deployment: null }] })
    const counted = await stats()
    expect(counted.errors).toBe(0)
    expect(counted.requests).toBeGreaterThan(0)
    const ofProvider = await weir.management.get<{ requests: number }>(
      `/v1/providers/${scene.provider.id}/stats?start=${start}&end=${end}`,
    )
    expect(ofProvider.requests).toBeGreaterThanOrEqual((await stats()).requests)
  })

  it('keeps its name while a key is limited to it', async () => {
    const { status, text } = await weir.management.send('DELETE', `/v1/repositories/${repository.id}`)
    expect([status, text]).toEqual([409, expect.stringContaining('virtual key')])
  })
})
