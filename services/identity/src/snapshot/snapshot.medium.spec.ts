import { status } from '@grpc/grpc-js'
import { createGrpcClient, identityV1 } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

describe('watching identity', () => {
  let identity: RunningIdentity
  let watchers: Watcher[] = []

  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/teams', { name: 'top' })
    await identity.create('/v1/teams', { name: 'sales', parent: 'top', models: ['a'] })
    await identity.create('/v1/workspaces', { name: 'prod', environment: 'production' })
    await identity.create('/v1/workloads', { id: 'bot', name: 'Bot', workspace: 'prod', models: ['*'] })
  })
  afterEach(() => {
    for (const watcher of watchers) watcher.stop()
    watchers = []
  })
  afterAll(() => identity.stop())

  const watch = async (from?: { epoch: string; sinceVersion: string }) => {
    const watcher = new Watcher(identity, from)
    watchers.push(watcher)
    await watcher.synced()
    return watcher
  }
  const makeKey = (more: object = {}) =>
    identity.create<{ id: string; key: string }>('/v1/keys', { name: 'k', workspace: 'prod', ...more })

  it('begins with the whole state, virtual keys last', async () => {
    const { id } = await makeKey({
      team: 'sales',
      workload: 'bot',
      expires_at: '2099-01-01T00:00:00Z',
      endpoints: ['chat'],
    })
    const watcher = await watch()
    expect(watcher.batches[0]).toMatchObject({ reset: true, synced: false })
    const order = watcher.batches.flatMap(({ upserts }) => upserts.map((upsert) => Object.keys(upsert)[0]))
    expect(order.at(-1)).toBe('virtualKey')
    expect(order.indexOf('virtualKey')).toBeGreaterThan(order.lastIndexOf('workload'))
    const workspace = (await identity.call('GET', '/v1/workspaces/prod')).body.id
    expect(watcher.get('team', 'sales')).toEqual({
      ...{ id: 'sales', organization: 'org_default', parent: 'top', models: { all: false, names: ['a'] } },
    })
    expect(watcher.get('team', 'top')).toMatchObject({ parent: '', models: { all: true, names: [] } })
    expect(watcher.get('workload', 'bot')).toMatchObject({ workspace, models: { all: true, names: [] } })
    expect(watcher.get('workspace', String(workspace))).toMatchObject({
      name: 'prod',
      environment: 'production',
    })
    expect(watcher.get('virtualKey', id)).toMatchObject({
      ...{ organization: 'org_default', name: 'k', workspace, workload: 'bot', team: 'sales', type: 'llm' },
      ...{
        disabled: false,
        expiresAtMs: String(Date.UTC(2099, 0, 1)),
        models: { all: true },
        endpoints: ['chat'],
      },
    })
    expect(watcher.get('virtualKey', id)?.hash).toHaveLength(32)
  })

  it('hears of each change within a second', async () => {
    const watcher = await watch()
    const { id } = await makeKey()
    await watcher.sees(`virtual_key ${id}`, { timeoutMs: 1_000 })
    await identity.call('PATCH', `/v1/keys/${id}`, { disabled: true })
    await waitFor(() => watcher.get('virtualKey', id)?.disabled, { timeoutMs: 1_000 })
    await identity.call('DELETE', `/v1/keys/${id}`)
    await watcher.sees(`virtual_key ${id}`, { absent: true, timeoutMs: 1_000 })
    await identity.call('PATCH', '/v1/teams/sales', { models: null })
    await waitFor(() => watcher.get('team', 'sales')?.models?.all, { timeoutMs: 1_000 })
    expect(watcher.batches.filter(({ reset }) => reset)).toHaveLength(1)
  })

  it('hears of a rotated key by its new hash', async () => {
    const { id } = await makeKey()
    const watcher = await watch()
    const before = watcher.get('virtualKey', id)?.hash
    await identity.call('POST', `/v1/keys/${id}/rotate`)
    await waitFor(() => !watcher.get('virtualKey', id)?.hash.equals(before as Buffer), { timeoutMs: 1_000 })
  })

  it('goes on where it was, without the whole state', async () => {
    const { id } = await makeKey()
    const first = await watch()
    first.stop()
    await identity.call('DELETE', `/v1/keys/${id}`)
    const { id: later } = await makeKey()
    const second = await watch({ epoch: first.epoch, sinceVersion: first.version })
    await second.sees(`virtual_key ${later}`)
    expect(second.batches.some(({ reset }) => reset)).toBe(false)
    expect(second.batches.flatMap(({ removals }) => removals)).toContainEqual({ kind: 'virtual_key', id })
    expect(second.batches.flatMap(({ upserts }) => upserts)).toHaveLength(1)
  })

  it('says every two seconds that it is current, and never while nothing is read', async () => {
    const watcher = await watch()
    const { length } = watcher.batches
    await sleep(4_500)
    const beats = watcher.batches.slice(length)
    expect(beats.length).toBeGreaterThanOrEqual(1)
    expect(beats.length).toBeLessThanOrEqual(3)
    for (const beat of beats)
      expect(beat).toMatchObject({ synced: true, reset: false, version: watcher.version, upserts: [] })
  })

  it('begins anew when the database is another one, or an older one', async () => {
    const unknownEpoch = await watch({ epoch: 'another', sinceVersion: '5' })
    expect(unknownEpoch.batches[0]?.reset).toBe(true)
    const fromTheFuture = await watch({ epoch: unknownEpoch.epoch, sinceVersion: '999999' })
    expect(fromTheFuture.batches[0]?.reset).toBe(true)
    expect(fromTheFuture.names).toEqual(unknownEpoch.names)
  })

  it('begins anew in the middle of a watch when the database was restored', async () => {
    const watcher = await watch()
    const { epoch, version } = watcher
    await identity.sql.query('UPDATE change_head SET version = version - 3')
    await waitFor(() => BigInt(watcher.version) === BigInt(version) - 3n, { what: 'the older version' })
    await identity.sql.query('UPDATE change_head SET epoch = gen_random_uuid()')
    await waitFor(() => watcher.epoch !== epoch, { what: 'the other epoch' })
    expect(watcher.batches.filter(({ reset }) => reset)).toHaveLength(3)
    await identity.sql.query('DELETE FROM change; UPDATE change_head SET version = version + 3')
  })

  it('begins anew when the changes that it lacks are kept no longer', async () => {
    const first = await watch()
    first.stop()
    await makeKey()
    await identity.sql.query('UPDATE change_head SET pruned_version = version')
    const second = await watch({ epoch: first.epoch, sinceVersion: first.version })
    expect(second.batches[0]?.reset).toBe(true)
  })

  it('shows every watcher the same end, whatever happened in between', async () => {
    const early = await watch()
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const { id } = await makeKey({ name: `busy ${i}` })
        if (i % 2) await identity.call('PATCH', `/v1/keys/${id}`, { name: `changed ${i}` })
        if (i % 3) await identity.call('DELETE', `/v1/keys/${id}`)
      }),
    )
    const { rows } = await identity.sql.query<{ version: string }>('SELECT version FROM change_head')
    await waitFor(() => early.version === rows[0]?.version, { what: 'the last version' })
    const late = await watch()
    expect([...early.state].sort()).toEqual([...late.state].sort())
    const { rows: keys } = await identity.sql.query<{ id: string }>('SELECT id FROM virtual_key')
    expect(late.names.filter((name) => name.startsWith('virtual_key'))).toEqual(
      keys.map(({ id }) => `virtual_key ${id}`).sort(),
    )
  })

  it('is refused without the internal secret, and not described to strangers', async () => {
    const address = identity.grpcAddress
    const stranger = createGrpcClient(identityV1.IdentitySnapshotServiceService, address, {
      internalSecret: 'x'.repeat(40),
    })
    const stream = stranger.watchIdentity({ epoch: '', sinceVersion: '0' })
    const received: unknown[] = []
    stream.on('data', (batch) => received.push(batch))
    const error = await new Promise<{ code: number }>((resolve) =>
      stream.on('error', (e) => resolve(e as never)),
    )
    expect(error.code).toBe(status.UNAUTHENTICATED)
    expect(received).toEqual([])
    stranger.close()
  })
})
