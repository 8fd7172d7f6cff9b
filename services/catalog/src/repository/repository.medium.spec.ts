import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Repository {
  id: string
  name: string
}

describe('repositories', () => {
  let catalog: RunningCatalog
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    catalog.identity.workspaces.set('dev', 'ws_dev').set('ws_dev', 'ws_dev')
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
    await catalog.create('/v1/providers', { name: 'second', type: 'sandbox' })
    await catalog.create('/v1/providers', { name: 'of-dev', type: 'sandbox', workspace: 'dev' })
    for (const [name, provider] of [
      ['a', 'sandbox'],
      ['b', 'second'],
    ]) {
      await catalog.create('/v1/models', { name, provider, free: true })
    }
  })
  afterAll(() => catalog.stop())

  const path = '/v1/repositories'
  let count = 0
  const make = (more: object = {}) =>
    catalog.create<Repository>(path, {
      ...{ name: `repo-${++count}`, workspace: 'prod', providers: ['sandbox'] },
      ...more,
    })
  const refusal = async (method: string, at: string, body?: object) => {
    const answer = await catalog.call(method, at, body)
    return [answer.status, answer.body.error?.code, answer.body.error?.param]
  }

  it('join the models of their providers at a path of their own', async () => {
    const made = await make({ name: 'research', providers: ['sandbox', 'second'] })
    expect(made).toMatchObject({
      ...{ object: 'repository', name: 'research', workspace: 'ws_prod', path: '/r/research/v1' },
      ...{ providers: [{ name: 'sandbox' }, { name: 'second' }], models: ['a', 'b'] },
    })
    expect(made.id).toMatch(/^repo_[0-9a-z]{26}$/)
    for (const key of [made.id, 'research']) {
      expect((await catalog.call('GET', `${path}/${key}`)).body).toEqual(made)
    }
    const { body } = await catalog.call('PATCH', `${path}/research`, { providers: ['second'] })
    expect(body).toMatchObject({ providers: [{ name: 'second' }], models: ['b'] })
    expect((await catalog.call('DELETE', `${path}/research`)).status).toBe(204)
    expect(await refusal('GET', `${path}/research`)).toEqual([404, 'repository_not_found', null])
  })

  it.each<[object, number, string, string]>([
    [{ providers: [] }, 400, 'invalid_request', 'providers'],
    [{ providers: ['sandbox', 'sandbox'] }, 400, 'invalid_request', 'providers'],
    [{ providers: ['none'] }, 404, 'provider_not_found', 'providers'],
    [{ providers: ['of-dev'] }, 404, 'provider_not_found', 'providers'],
    [{ name: 'a/b' }, 400, 'invalid_request', 'name'],
    [{ name: '..' }, 400, 'invalid_request', 'name'],
    [{ workspace: 'moon' }, 404, 'workspace_not_found', 'workspace'],
    [{ organization: 'org_other' }, 400, 'invalid_request', 'organization'],
  ])('refuse %j', async (wrong, status, code, param) => {
    const body = { name: `wrong-${++count}`, workspace: 'prod', providers: ['sandbox'], ...wrong }
    expect(await refusal('POST', path, body)).toEqual([status, code, param])
  })

  it('have a name of their own in the organization, since it is their path', async () => {
    await make({ name: 'taken' })
    const body = { name: 'taken', workspace: 'dev', providers: ['sandbox'] }
    expect(await refusal('POST', path, body)).toEqual([409, 'already_exists', 'name'])
  })

  it('keep their providers, and are kept by the virtual keys that name them', async () => {
    await catalog.create('/v1/providers', { name: 'needed', type: 'sandbox' })
    const { id, name } = await make({ providers: ['needed'] })
    expect(await refusal('DELETE', '/v1/providers/needed')).toEqual([409, 'in_use', null])
    catalog.identity.users.set(name, ['virtual key `key_1`'])
    expect(await refusal('DELETE', `${path}/${id}`)).toEqual([409, 'in_use', null])
    expect(await refusal('PATCH', `${path}/${id}`, { name: 'other' })).toEqual([409, 'in_use', null])
    catalog.identity.users.delete(name)
    await catalog.call('DELETE', `${path}/${id}`)
    expect((await catalog.call('DELETE', '/v1/providers/needed')).status).toBe(204)
  })

  it('keep a provider that is deleted while it is attached', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `racer-${round}`
      await catalog.create('/v1/providers', { name, type: 'sandbox' })
      const [created, deleted] = await Promise.all([
        catalog.call('POST', path, { name, workspace: 'prod', providers: [name] }),
        catalog.call('DELETE', `/v1/providers/${name}`),
      ])
      expect(['201,409', '404,204']).toContain([created.status, deleted.status].join())
    }
  })

  it('are listed by workspace, and for nobody without a credential', async () => {
    await make({ name: 'of-dev', workspace: 'dev', providers: ['of-dev'] })
    const { body } = await catalog.call<{ data: Repository[] }>('GET', `${path}?workspace=ws_dev`)
    expect(body.data.map(({ name }) => name)).toEqual(['of-dev'])
    const { users } = await catalog.references.listReferences({
      ...{ organization: 'org_default', workspace: 'ws_dev' },
    })
    expect(users).toEqual(['provider `of-dev`', 'repository `of-dev`'])
    expect((await catalog.call('GET', path, undefined, {})).status).toBe(401)
    expect((await catalog.call('POST', path, {}, {})).status).toBe(401)
  })

  it('reach the gateways within a second', async () => {
    const watcher = new Watcher(catalog)
    await watcher.synced()
    const { id } = await make({ providers: ['sandbox', 'second'] })
    await waitFor(() => watcher.repositories.has(id), { timeoutMs: 1_000 })
    expect(watcher.repositories.get(id)).toMatchObject({ workspace: 'ws_prod', organization: 'org_default' })
    expect(watcher.repositories.get(id)?.providers).toHaveLength(2)
    await catalog.call('DELETE', `${path}/${id}`)
    await waitFor(() => !watcher.repositories.has(id), { timeoutMs: 1_000 })
    watcher.stop()
  })
})
