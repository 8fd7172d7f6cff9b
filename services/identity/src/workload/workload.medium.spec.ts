import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('workloads', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'prod' })
  })
  afterAll(() => identity.stop())

  const workload = (more: object) => ({ name: 'Chat bot', workspace: 'prod', models: ['*'], ...more })

  it('show name, id, workspace, models, when created and when updated', async () => {
    const created = await identity.create(
      '/v1/workloads',
      workload({ name: 'Suche (Köln)', models: ['gpt-4o', 'not-yet'] }),
    )
    const { body: workspace } = await identity.call('GET', '/v1/workspaces/prod')
    expect(created).toMatchObject({
      ...{ id: 'suche-koln', name: 'Suche (Köln)', workspace: workspace.id, models: ['gpt-4o', 'not-yet'] },
      ...{
        organization: 'org_default',
        updated_at: (created as unknown as { created_at: string }).created_at,
      },
    })
    expect((await identity.call('GET', '/v1/workloads/suche-koln')).body).toEqual(created)
  })

  it('get an id from their name, or the one that is given', async () => {
    const ids = []
    for (let i = 0; i < 3; i++) ids.push((await identity.create('/v1/workloads', workload({}))).id)
    ids.push((await identity.create('/v1/workloads', workload({ id: 'my_own-1' }))).id)
    ids.push((await identity.create('/v1/workloads', workload({ name: '客服' }))).id)
    expect(ids).toEqual(['chat-bot', 'chat-bot-2', 'chat-bot-3', 'my_own-1', 'workload-1'])
  })

  it('get different ids when many with one name are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, () => identity.create('/v1/workloads', workload({ name: 'same' }))),
    )
    expect(new Set(made.map(({ id }) => id)).size).toBe(30)
  })

  it('refuse an id that is taken', async () => {
    const { status, body } = await identity.call('POST', '/v1/workloads', workload({ id: 'chat-bot' }))
    expect([status, body.error.code, body.error.param]).toEqual([409, 'already_exists', 'id'])
  })

  it.each(['', 'A', 'a b', '-a', 'a-', '_a', 'ä', 'a.b', 'x'.repeat(101), 5])(
    'refuse %j as an id',
    async (id) => {
      const { status, body } = await identity.call('POST', '/v1/workloads', workload({ id }))
      expect([status, body.error.param]).toEqual([400, 'id'])
    },
  )

  it.each([
    [['a', 'a'], 'twice'],
    [['*', 'a'], 'stands alone'],
    [[''], 'entry 0'],
    [['x'.repeat(201)], 'entry 0'],
    [['a\u0007'], 'control'],
    [[1], 'entry 0'],
    ['*', 'list'],
    [null, 'null'],
    [{}, 'list'],
    [Array.from({ length: 1001 }, (_, i) => `m${i}`), '1000'],
  ])('refuse %j as models', async (models, reason) => {
    const { status, body } = await identity.call('POST', '/v1/workloads', workload({ models }))
    expect([status, body.error.param]).toEqual([400, 'models'])
    expect(body.error.message).toContain(reason)
  })

  it('belong to a workspace that there is', async () => {
    const { status, body } = await identity.call('POST', '/v1/workloads', workload({ workspace: 'moon' }))
    expect([status, body.error.code]).toEqual([404, 'workspace_not_found'])
    const missing = await identity.call('POST', '/v1/workloads', { name: 'x' })
    expect(missing.body.error.errors?.map(({ field }) => field).sort()).toEqual(['models', 'workspace'])
  })

  it('change name and models, but neither id nor workspace', async () => {
    await identity.create('/v1/workloads', workload({ id: 'changing' }))
    const { status, body } = await identity.call('PATCH', '/v1/workloads/changing', {
      name: 'New',
      models: [],
    })
    expect([status, body.name, body.models]).toEqual([200, 'New', []])
    const refused = await identity.call('PATCH', '/v1/workloads/changing', { id: 'x', workspace: 'prod' })
    expect(refused.body.error.errors?.map(({ message }) => message)).toEqual([
      expect.stringContaining('cannot be changed'),
      expect.stringContaining('cannot be changed'),
    ])
    expect((await identity.call('PATCH', '/v1/workloads/nobody', { name: 'x' })).status).toBe(404)
  })

  it('are listed of one workspace, by its id or name', async () => {
    const other = await identity.create('/v1/workspaces', { name: 'other' })
    await identity.create('/v1/workloads', workload({ id: 'elsewhere', workspace: other.id }))
    for (const workspace of ['other', other.id]) {
      const { body } = await identity.call<{ data: { id: string }[] }>(
        'GET',
        `/v1/workloads?workspace=${workspace}`,
      )
      expect(body.data.map(({ id }) => id)).toEqual(['elsewhere'])
    }
    const none = await identity.call<{ data: [] }>('GET', '/v1/workloads?workspace=moon')
    expect([none.status, none.body.data]).toEqual([200, []])
  })

  it('grant nothing until a key is made for them, and are not deleted while there is one', async () => {
    const { rows } = await identity.sql.query('SELECT 1 FROM virtual_key')
    expect(rows).toEqual([])
    await identity.create('/v1/workloads', workload({ id: 'served' }))
    const key = await identity.create('/v1/keys', { name: 'k', workspace: 'prod', workload: 'served' })
    const { status, body } = await identity.call('DELETE', '/v1/workloads/served')
    expect([status, body.error.code]).toEqual([409, 'in_use'])
    expect(body.error.message).toContain(key.id)
    await identity.call('DELETE', `/v1/keys/${key.id}`)
    expect((await identity.call('DELETE', '/v1/workloads/served')).status).toBe(204)
    expect((await identity.call('GET', '/v1/workloads/served')).status).toBe(404)
  })
})
