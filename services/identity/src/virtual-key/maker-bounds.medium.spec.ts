import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('threat 8: a management key', () => {
  let identity: RunningIdentity
  let maker: { id: string; key: string }
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'prod' })
    await identity.create('/v1/workspaces', { name: 'dev' })
    await identity.create('/v1/teams', { name: 'top' })
    await identity.create('/v1/teams', { name: 'sales', parent: 'top' })
    await identity.create('/v1/teams', { name: 'emea', parent: 'sales' })
    maker = await identity.create('/v1/keys', { ...bounds, name: 'maker', type: 'management' })
  })
  afterAll(() => identity.stop())

  const bounds = { workspace: 'prod', team: 'sales', models: ['a', 'b'], endpoints: ['chat'], rpm_limit: 10 }
  const asMaker = (method: string, path: string, body?: object) =>
    identity.call<{ id: string; error: { code: string; param: string } }>(method, path, body, {
      authorization: `Bearer ${maker.key}`,
    })

  it('makes keys that may do what it may', async () => {
    const narrow = { ...bounds, team: 'emea', models: ['a'], rpm_limit: 1 }
    for (const fields of [bounds, narrow]) {
      expect((await asMaker('POST', '/v1/keys', { ...fields, name: 'k' })).status).toBe(201)
    }
  })

  it.each([
    ['models', { models: null }],
    ['models', { models: ['*'] }],
    ['models', { models: ['a', 'c'] }],
    ['endpoints', { endpoints: null }],
    ['endpoints', { endpoints: ['chat', 'embeddings'] }],
    ['team', { team: 'top' }],
    ['rpm_limit', { rpm_limit: null }],
    ['rpm_limit', { rpm_limit: 11 }],
  ])('makes none with wider %s: %j, and leaves nothing behind', async (what, fields) => {
    const count = async () => (await identity.sql.query('SELECT id FROM virtual_key')).rowCount
    const before = await count()
    const { status, body } = await asMaker('POST', '/v1/keys', { ...bounds, name: 'k', ...fields })
    expect([status, body.error.code, body.error.param]).toEqual([403, 'key_wider_than_maker', what])
    expect(await count()).toBe(before)
  })

  it('makes none in another workspace', async () => {
    const { status, body } = await asMaker('POST', '/v1/keys', { ...bounds, name: 'k', workspace: 'dev' })
    expect([status, body.error.code]).toEqual([404, 'workspace_not_found'])
  })

  it('widens no key, not even itself', async () => {
    const { body } = await asMaker('POST', '/v1/keys', { ...bounds, name: 'k' })
    for (const id of [body.id, maker.id]) {
      const answer = await asMaker('PATCH', `/v1/keys/${id}`, { models: null })
      expect([answer.status, answer.body.error.code]).toEqual([403, 'key_wider_than_maker'])
    }
    const { body: kept } = await identity.call('GET', `/v1/keys/${maker.id}`)
    expect(kept['models']).toEqual(['a', 'b'])
    expect((await asMaker('PATCH', `/v1/keys/${body.id}`, { models: ['b'] })).status).toBe(200)
  })

  it('gets no value of a wider key by rotating it', async () => {
    const wider = await identity.create('/v1/keys', { name: 'wider', workspace: 'prod', team: 'sales' })
    const answer = await asMaker('POST', `/v1/keys/${wider.id}/rotate`)
    expect([answer.status, answer.body.error.code]).toEqual([403, 'key_wider_than_maker'])
    expect(answer.body).not.toHaveProperty('key')
  })

  it.each(['hash', 'organization', 'last_used_at', 'made_by', 'role', 'spend'])(
    'assigns no %s, which is no field of a key',
    async (field) => {
      const { status, body } = await asMaker('POST', '/v1/keys', { ...bounds, name: 'k', [field]: 'x' })
      expect([status, body.error.code]).toEqual([400, 'invalid_request'])
    },
  )
})
