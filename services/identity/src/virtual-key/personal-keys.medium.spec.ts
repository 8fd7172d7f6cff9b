import { hashVirtualKey, readPepper } from '@weir/secrets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyPepper, RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

const pepper = readPepper(keyPepper)

describe('personal keys', () => {
  let identity: RunningIdentity
  let watcher: Watcher
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    for (const name of ['prod', 'dev']) await identity.create('/v1/workspaces', { name })
    watcher = new Watcher(identity)
    await watcher.synced()
  })
  afterAll(async () => {
    watcher.stop()
    await identity.stop()
  })

  let made = 0
  const makeUser = async (...workspaces: string[]) => {
    made += 1
    const user = await identity.create('/v1/users', { email: `user${made}@example.com`, name: 'User' })
    for (const workspace of workspaces) {
      await identity.create(`/v1/workspaces/${workspace}/members`, { user: user.id, role: 'member' })
    }
    return user.id
  }
  const makeKey = (owner: string | undefined, workspace = 'prod') =>
    identity.create<{ id: string; key: string; owner: string }>('/v1/keys', {
      ...{ name: 'k', workspace, ...(owner && { owner }) },
    })
  const isKnown = (key: string) =>
    identity.keys.resolveVirtualKey({ hash: hashVirtualKey(key, pepper) }).then(
      () => true,
      () => false,
    )

  it('die with the membership, on every gateway; service keys and those of other workspaces do not', async () => {
    const user = await makeUser('prod', 'dev')
    const [personal, elsewhere, service] = [
      await makeKey(user),
      await makeKey(user, 'dev'),
      await makeKey(undefined),
    ]
    expect([personal.owner, service.owner]).toEqual([user, null])
    await watcher.sees(`virtual_key ${personal.id}`)
    expect((await identity.call('DELETE', `/v1/workspaces/prod/members/${user}`)).status).toBe(204)
    await watcher.sees(`virtual_key ${personal.id}`, { absent: true, timeoutMs: 1_000 })
    expect(await Promise.all([personal, elsewhere, service].map(({ key }) => isKnown(key)))).toEqual([
      false,
      true,
      true,
    ])
  })

  it('die with their user, and rest while it is disabled', async () => {
    const user = await makeUser('prod', 'dev')
    const keys = [await makeKey(user), await makeKey(user, 'dev')]
    await identity.call('PATCH', `/v1/users/${user}`, { disabled: true })
    for (const { id } of keys) {
      expect((await identity.call('GET', `/v1/keys/${id}`)).body['disabled']).toBe(true)
    }
    expect((await identity.call('DELETE', `/v1/users/${user}`)).status).toBe(204)
    for (const { id, key } of keys) {
      await watcher.sees(`virtual_key ${id}`, { absent: true, timeoutMs: 1_000 })
      expect(await isKnown(key)).toBe(false)
    }
  })

  it('are of members alone, and stay theirs', async () => {
    const user = await makeUser('dev')
    const answer = await identity.call('POST', '/v1/keys', { name: 'k', workspace: 'prod', owner: user })
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([
      404,
      'member_not_found',
      'owner',
    ])
    const { id } = await makeKey(user, 'dev')
    const changed = await identity.call('PATCH', `/v1/keys/${id}`, { owner: null })
    expect([changed.status, changed.body.error.param]).toEqual([400, 'owner'])
  })
})
