import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnyBody, type Answer, masterKey, RunningIdentity } from '../testing/running-identity.js'

const [old, next] = ['correct horse battery', 'staple correct horse']

describe('changing your own password', () => {
  let identity: RunningIdentity
  let users = 0

  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  const signIn = (email: string, password: string): Promise<Answer<AnyBody>> =>
    identity.call('POST', '/v1/sessions', { email, password }, {})
  const sessionOf = async (email: string, password = old) => {
    const { status, body } = await signIn(email, password)
    expect(status).toBe(201)
    return { authorization: `Bearer ${String(body['session'])}` }
  }
  const change = (headers: Record<string, string>, current: unknown, password: unknown) =>
    identity.call(
      'POST',
      '/v1/users/me/password',
      { current_password: current, new_password: password },
      headers,
    )
  const createUser = async () => {
    const email = `user${++users}@example.com`
    await identity.create('/v1/users', { email, name: email, password: old })
    return email
  }
  const isOpen = async (headers: Record<string, string>) =>
    (await identity.call('GET', '/v1/sessions/current', undefined, headers)).status

  it('needs the one of now, and ends the other sessions', async () => {
    const email = await createUser()
    const [mine, other] = [await sessionOf(email), await sessionOf(email)]
    const wrong = await change(mine, 'another one entirely', next)
    expect([wrong.status, wrong.body.error.code]).toEqual([401, 'invalid_credentials'])
    expect([await isOpen(mine), await isOpen(other)]).toEqual([200, 200])
    expect((await change(mine, old, next)).status).toBe(204)
    expect([await isOpen(mine), await isOpen(other)]).toEqual([200, 401])
    expect((await signIn(email, old)).status).toBe(401)
    await sessionOf(email, next)
  })

  it('takes no short one, and nothing else', async () => {
    const mine = await sessionOf(await createUser())
    for (const password of ['short', '', null, 12]) {
      const { status, body } = await change(mine, old, password)
      expect([status, body.error.param]).toEqual([400, 'new_password'])
    }
    const more = { current_password: old, new_password: next, organization_roles: ['owner'] }
    expect((await identity.call('POST', '/v1/users/me/password', more, mine)).status).toBe(400)
  })

  it('is locked after five wrong ones, as a sign-in is', async () => {
    const email = await createUser()
    const mine = await sessionOf(email)
    for (let time = 0; time < 5; time++) expect((await change(mine, `wrong ${time}`, next)).status).toBe(401)
    const { status, headers } = await change(mine, old, next)
    expect([status, Number(headers.get('retry-after')) > 600]).toEqual([429, true])
    expect((await signIn(email, old)).status).toBe(429)
  })

  it('is not for what has no password', async () => {
    const master = await change({ authorization: `Bearer ${masterKey}` }, old, next)
    expect([master.status, master.body.error.code]).toEqual([403, 'permission_denied'])
    expect((await change({}, old, next)).status).toBe(401)
    const { id } = await identity.create('/v1/workspaces', { name: 'w' })
    const key = await identity.create<{ key: string }>('/v1/keys', {
      name: 'k',
      workspace: id,
      type: 'management',
    })
    expect((await change({ 'x-api-key': key.key }, old, next)).status).toBe(403)
  })
})
