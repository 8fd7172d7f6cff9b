import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('a key that manages', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'prod' })
  })
  afterAll(() => identity.stop())

  const make = (more: object = {}) =>
    identity.create<{ id: string; key: string }>('/v1/keys', {
      ...{ name: 'k', workspace: 'prod', type: 'management', ...more },
    })
  const list = async (key: string, headers: Record<string, string> = {}) => {
    const { status, body } = await identity.call('GET', '/v1/keys', undefined, {
      ...{ authorization: `Bearer ${key}`, ...headers },
    })
    return status === 200 ? 'ok' : body.error.code
  }

  it('is refused from outside of its networks; the gateway says where a request comes from', async () => {
    const { key } = await make({ source_networks: ['10.0.0.0/8'] })
    expect(await list(key)).toBe('source_not_allowed')
    expect(await list(key, { 'x-forwarded-for': '10.1.2.3' })).toBe('ok')
    expect(await list(key, { 'x-forwarded-for': '10.1.2.3, 192.0.2.1' })).toBe('source_not_allowed')
    expect(await list((await make({ source_networks: ['127.0.0.1'] })).key)).toBe('ok')
  })

  it('tells when it was last used, which is no change', async () => {
    const { id, key } = await make()
    const shown = async () =>
      (await identity.call<{ last_used_at: string | null; updated_at: string }>('GET', `/v1/keys/${id}`)).body
    const before = await shown()
    expect(before.last_used_at).toBeNull()
    const usedAt = Date.now()
    expect(await list(key)).toBe('ok')
    const after = await shown()
    expect(Math.abs(Date.parse(after.last_used_at ?? '') - usedAt)).toBeLessThan(5_000)
    expect(after.updated_at).toBe(before.updated_at)
  })

  it('works by both values while its rotation has a grace', async () => {
    const { id, key } = await make()
    const rotate = (body: object) =>
      identity.call<{ key: string }>('POST', `/v1/keys/${id}/rotate`, body).then((answer) => answer.body.key)
    const fresh = await rotate({ grace_period_s: 60 })
    expect([await list(key), await list(fresh)]).toEqual(['ok', 'ok'])
    const last = await rotate({})
    expect(await Promise.all([key, fresh, last].map((value) => list(value)))).toEqual([
      'invalid_api_key',
      'invalid_api_key',
      'ok',
    ])
  })
})
