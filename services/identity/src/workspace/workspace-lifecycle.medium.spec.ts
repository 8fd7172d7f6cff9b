import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

let identity: RunningIdentity
let names = 0

beforeAll(async () => void (identity = await RunningIdentity.start()))
afterAll(() => identity.stop())

/** A workspace with a workload, a member, a personal key, a service key and a managing one. */
async function create() {
  const name = `place ${++names}`
  const { id } = await identity.create('/v1/workspaces', { name, description: 'kept' })
  const { id: workload } = await identity.create('/v1/workloads', {
    name: `bot ${names}`,
    workspace: id,
    models: ['*'],
  })
  const email = `member${names}@example.com`
  const { id: user } = await identity.create('/v1/users', { email, name: 'm' })
  await identity.create(`/v1/workspaces/${id}/members`, { user, role: 'admin' })
  await identity.create(`/v1/workspaces/${id}/invitations`, { email: 'x@example.com', role: 'viewer' })
  const key = (fields: object) =>
    identity.create<{ id: string; key: string }>('/v1/keys', { name: 'k', workspace: id, ...fields })
  const [service, personal] = [await key({ workload, models: ['a'] }), await key({ owner: user })]
  return { id, name, workload, user, service, personal, managing: await key({ type: 'management' }) }
}

const remove = (id: string, query = '') => identity.call('DELETE', `/v1/workspaces/${id}${query}`)
const restore = (id: string) => identity.call('POST', `/v1/workspaces/${id}/restore`)
const statusOf = async (path: string) => (await identity.call('GET', path)).status

describe('deleting a workspace', () => {
  it('says in a dry run what would go, and changes nothing', async () => {
    const { id, name, workload } = await create()
    identity.catalog.users.set(id, ['provider `on-prem`'])
    const { status, body } = await remove(id, '?dry_run=true')
    expect([status, body]).toMatchObject([
      200,
      { workspace: id, name, workloads: 1, keys: 3, members: 1, invitations: 1, needs_force: true },
    ])
    expect(body['in_use_by']).toEqual(
      expect.arrayContaining([`workload \`${workload}\``, 'provider `on-prem`']),
    )
    expect(await statusOf(`/v1/workspaces/${id}`)).toBe(200)
    expect((await remove(id, '?dry_run=perhaps')).status).toBe(400)
  })

  it('is refused while something uses it, unless forced; its keys are gone for the gateways at once', async () => {
    const { id, service, managing } = await create()
    const watcher = new Watcher(identity)
    await watcher.synced()
    const refused = await remove(id)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'in_use'])
    expect((await remove(id, '?force=true')).status).toBe(204)
    await watcher.sees(`virtual_key ${service.id}`, { absent: true })
    for (const path of [`/v1/workspaces/${id}`, `/v1/keys/${service.id}`])
      expect(await statusOf(path)).toBe(404)
    const manages = await identity.call('GET', '/v1/keys', undefined, { 'x-api-key': managing.key })
    expect(manages.status).toBe(401)
    watcher.stop()
  })

  it('can be undone for 30 days: everything is as it was', async () => {
    const place = await create()
    const paths = [
      ...[
        `/v1/workspaces/${place.id}`,
        `/v1/workspaces/${place.id}/members`,
        `/v1/workloads/${place.workload}`,
      ],
      ...[place.service, place.personal, place.managing].map(({ id }) => `/v1/keys/${id}`),
    ]
    const read = async () => Promise.all(paths.map(async (path) => (await identity.call('GET', path)).body))
    const before = await read()
    await remove(place.id, '?force=true')
    const watcher = new Watcher(identity)
    await watcher.synced()
    expect((await restore(place.id)).status).toBe(201)
    expect(await read()).toEqual(before)
    await watcher.sees(`virtual_key ${place.service.id}`)
    watcher.stop()
    const headers = { 'x-api-key': place.managing.key }
    expect((await identity.call('GET', '/v1/keys', undefined, headers)).status).toBe(200)
    expect((await restore(place.id)).status).toBe(404)
  })

  it('is listed until it cannot be undone any more, for those who may undo it', async () => {
    const { id, name } = await create()
    const [before] = (await identity.call<{ data: object[] }>('GET', `/v1/workspaces?name=${name}`)).body.data
    await identity.call('PATCH', `/v1/workspaces/${id}`, { settings: { retention_days: 9 } })
    await remove(id, '?force=true')
    const listed = async (query = '', headers?: Record<string, string>) => {
      const path = `/v1/workspaces?deleted=true${query}`
      const { status, body } = await identity.call<{ data: { id: string }[] }>(
        'GET',
        path,
        undefined,
        headers,
      )
      expect(status).toBe(200)
      return body.data.filter((workspace) => workspace.id === id)
    }
    const [shown] = await listed()
    expect(shown).toMatchObject({ id, name, settings: { retention_days: 9 } })
    const at = { updated_at: expect.any(String) as string, deleted_at: expect.any(String) as string }
    const { settings } = shown as unknown as { settings: object }
    expect(shown).toEqual({ ...before, settings, ...at })
    expect(await listed(`&name=${name}`)).toHaveLength(1)
    expect(await listed('&environment=production')).toEqual([])
    const { id: other } = await identity.create('/v1/workspaces', { name: `other ${names}` })
    const key = await identity.create<{ key: string }>('/v1/keys', {
      name: 'k',
      workspace: other,
      type: 'management',
    })
    expect(await listed('', { 'x-api-key': key.key })).toEqual([])
    const there = (await identity.call<{ data: { id: string }[] }>('GET', '/v1/workspaces?deleted=false'))
      .body.data
    expect(there.map((workspace) => workspace.id)).toContain(other)
    expect(there.map((workspace) => workspace.id)).not.toContain(id)
    await restore(id)
    expect(await listed()).toEqual([])
  })

  it('brings back no member who is no user any more, nor their personal keys', async () => {
    const { id, user, personal, service } = await create()
    await remove(id, '?force=true')
    await identity.call('DELETE', `/v1/users/${user}`)
    expect((await restore(id)).status).toBe(201)
    expect((await identity.call('GET', `/v1/workspaces/${id}/members`)).body).toMatchObject({ data: [] })
    expect([await statusOf(`/v1/keys/${personal.id}`), await statusOf(`/v1/keys/${service.id}`)]).toEqual([
      404, 200,
    ])
  })

  it('cannot be undone when the name is taken, nor after 30 days', async () => {
    const { id, name } = await create()
    await remove(id, '?force=true')
    const { id: other } = await identity.create('/v1/workspaces', { name })
    expect((await restore(id)).status).toBe(409)
    await remove(other)
    await identity.sql.query(
      `UPDATE deleted_workspace SET deleted_at = now() - interval '31 days' WHERE id = $1`,
      [id],
    )
    expect((await restore(id)).status).toBe(404)
  })
})
