import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('organizations', () => {
  let identity: RunningIdentity
  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  it('are one at first, which is there from the start', async () => {
    const { status, body } = await identity.call('GET', '/v1/organizations')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'list',
      data: [{ id: 'org_default', name: 'default' }],
      has_more: false,
    })
  })

  it('can be renamed', async () => {
    const { status, body } = await identity.call('PATCH', '/v1/organizations/org_default', { name: 'Acme' })
    expect([status, body.name]).toEqual([200, 'Acme'])
    expect((await identity.call('GET', '/v1/organizations/org_default')).body).toMatchObject({ name: 'Acme' })
  })

  it('are refused by name what they are not given', async () => {
    const { status, body } = await identity.call('PATCH', '/v1/organizations/org_default', { plan: 'free' })
    expect(status).toBe(400)
    expect(body.error.errors).toEqual([{ field: 'plan', message: 'is not a field of this resource' }])
  })

  it('are not found when there is none, and cannot be made', async () => {
    const { status, body } = await identity.call('GET', '/v1/organizations/other')
    expect([status, body.error.code]).toEqual([404, 'organization_not_found'])
    const created = await identity.call('POST', '/v1/organizations', { name: 'second' })
    expect([created.status, created.body.error.code]).toEqual([404, 'route_not_found'])
  })
})
