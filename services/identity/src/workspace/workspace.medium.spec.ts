import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('workspaces', () => {
  let identity: RunningIdentity
  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  it('are for development unless said otherwise', async () => {
    const created = await identity.create('/v1/workspaces', { name: 'plain' })
    expect(created).toMatchObject({ name: 'plain', environment: 'development', description: null })
    expect(created.id).toMatch(/^ws_[0-9a-z]{26}$/)
  })

  it('are found by id and by name', async () => {
    const given = { name: 'Köln / live', environment: 'production', description: 'Serves customers.' }
    const created = await identity.create('/v1/workspaces', given)
    expect(created).toMatchObject(given)
    for (const key of [created.id, given.name]) {
      const { body } = await identity.call('GET', `/v1/workspaces/${encodeURIComponent(key)}`)
      expect(body).toEqual(created)
    }
  })

  it('cannot take a name that looks like an id, nor one that is taken', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'first' })
    const impostor = await identity.call('POST', '/v1/workspaces', { name: id })
    expect([impostor.status, impostor.body.error.param]).toEqual([400, 'name'])
    const twice = await identity.call('POST', '/v1/workspaces', { name: 'first' })
    expect([twice.status, twice.body.error.code]).toEqual([409, 'already_exists'])
    await identity.create('/v1/workspaces', { name: 'second' })
    const renamed = await identity.call('PATCH', '/v1/workspaces/second', { name: 'first' })
    expect([renamed.status, renamed.body.error.code]).toEqual([409, 'already_exists'])
  })

  it('name every mistake', async () => {
    const wrong = { name: ' ', environment: 'test', description: 'x'.repeat(1001), role: 'owner' }
    const { status, body } = await identity.call('POST', '/v1/workspaces', wrong)
    expect(status).toBe(400)
    expect(body.error.errors?.map(({ field }) => field).sort()).toEqual(Object.keys(wrong).sort())
    const patched = await identity.call('PATCH', '/v1/workspaces/first', { name: null, environment: null })
    expect(patched.body.error.errors?.map(({ field }) => field).sort()).toEqual(['environment', 'name'])
  })

  it('can be changed, and lose their description', async () => {
    await identity.create('/v1/workspaces', { name: 'old', description: 'x' })
    const { body } = await identity.call('PATCH', '/v1/workspaces/old', {
      ...{ name: 'new', environment: 'staging', description: null },
    })
    expect(body).toMatchObject({ name: 'new', environment: 'staging', description: null })
    expect((await identity.call('GET', '/v1/workspaces/old')).body.error.code).toBe('workspace_not_found')
  })

  it('are listed by environment and by name', async () => {
    const names = async (query: string) => {
      const { body } = await identity.call<{ data: { name: string }[] }>('GET', `/v1/workspaces?${query}`)
      return body.data.map(({ name }) => name)
    }
    expect(await names('environment=staging')).toEqual(['new'])
    expect(await names('name=first')).toEqual(['first'])
    expect((await identity.call('GET', '/v1/workspaces?environment=moon')).status).toBe(400)
  })

  it('are not deleted while a workload, a key or a provider needs them', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'used' })
    await identity.create('/v1/workloads', { name: 'bot', workspace: 'used', models: [] })
    const key = await identity.create('/v1/keys', { name: 'k', workspace: 'used' })
    identity.catalog.users.set(id, ['provider `on-prem`'])
    const { status, body } = await identity.call('DELETE', '/v1/workspaces/used')
    expect([status, body.error.code]).toEqual([409, 'in_use'])
    for (const user of ['workload `bot`', `virtual key \`${key.id}\``, 'provider `on-prem`']) {
      expect(body.error.message).toContain(user)
    }
    await identity.call('DELETE', `/v1/keys/${key.id}`)
    await identity.call('DELETE', '/v1/workloads/bot')
    expect((await identity.call('DELETE', '/v1/workspaces/used')).status).toBe(409)
    identity.catalog.users.clear()
    expect((await identity.call('DELETE', '/v1/workspaces/used')).status).toBe(204)
    expect((await identity.call('DELETE', '/v1/workspaces/used')).status).toBe(404)
  })

  it('are not deleted while the catalog cannot be asked', async () => {
    await identity.create('/v1/workspaces', { name: 'unsure' })
    identity.catalog.stop()
    const { status, headers, body } = await identity.call('DELETE', '/v1/workspaces/unsure')
    expect([status, body.error.code]).toEqual([503, 'service_unavailable'])
    expect(body.error.message).toContain('catalog')
    expect(headers.get('retry-after')).toBe('2')
    expect((await identity.call('GET', '/v1/workspaces/unsure')).status).toBe(200)
  })
})
