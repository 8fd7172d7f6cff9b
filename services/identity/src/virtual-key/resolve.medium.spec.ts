import { status } from '@grpc/grpc-js'
import type { identityV1 } from '@weir/contracts'
import { hashVirtualKey, readPepper } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyPepper, RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

const pepper = readPepper(keyPepper)
const hash = (value: string) => hashVirtualKey(value, pepper)

describe('resolving a virtual key', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    for (const [name, parent] of [['top'], ['middle', 'top'], ['bottom', 'middle'], ['stranger']]) {
      await identity.create('/v1/teams', { name, ...(parent && { parent }) })
    }
    await identity.create('/v1/workspaces', { name: 'prod' })
    await identity.create('/v1/workloads', { id: 'bot', name: 'Bot', workspace: 'prod', models: ['m'] })
  })
  afterAll(() => identity.stop())

  const make = (more: object = {}) =>
    identity.create<{ id: string; key: string }>('/v1/keys', { name: 'k', workspace: 'prod', ...more })
  const names = ({ resources }: identityV1.ResolveVirtualKeyResponse) =>
    resources.map(
      ({ organization, team, workspace, workload, virtualKey }) =>
        (organization ?? team ?? workload ?? virtualKey)?.id ?? workspace?.name,
    )

  it('gives the key with its workspace, its workload and its line of teams', async () => {
    const { id, key } = await make({ team: 'bottom', workload: 'bot' })
    const resolved = await identity.keys.resolveVirtualKey({ hash: hash(key) })
    expect(names(resolved).sort()).toEqual(
      ['bottom', 'bot', 'middle', 'org_default', 'prod', 'top', id].sort(),
    )
    expect(resolved.resources.at(-1)?.virtualKey).toMatchObject({ id, hash: hash(key) })
  })

  it('counts in the versions that watchers see', async () => {
    const { key } = await make()
    const watcher = new Watcher(identity)
    await watcher.synced()
    const { epoch, version } = await identity.keys.resolveVirtualKey({ hash: hash(key) })
    expect([epoch, version]).toEqual([watcher.epoch, watcher.version])
    watcher.stop()
  })

  it('finds a rotated key by the value before until its grace ends', async () => {
    const { id, key: old } = await make()
    const rotate = async (body: object) =>
      (await identity.call<{ key: string }>('POST', `/v1/keys/${id}/rotate`, body)).body.key
    const found = (value: string) =>
      identity.keys.resolveVirtualKey({ hash: hash(value) }).then(
        ({ resources }) => resources.at(-1)?.virtualKey,
        () => undefined,
      )
    const fresh = await rotate({ grace_period_s: 1 })
    expect([(await found(old))?.id, (await found(fresh))?.id]).toEqual([id, id])
    expect(await found(old)).toMatchObject({ hash: hash(fresh), previousHash: hash(old) })
    await waitFor(async () => (await found(old)) === undefined, { timeoutMs: 3_000 })
    const newest = await rotate({ grace_period_s: 60 })
    expect([(await found(fresh))?.id, await found(old)]).toEqual([id, undefined])
    const last = await rotate({})
    expect([await found(fresh), await found(newest), (await found(last))?.id]).toEqual([
      undefined,
      undefined,
      id,
    ])
  })

  it('works the moment the key is made', async () => {
    for (let i = 0; i < 20; i++) {
      const { id, key } = await make()
      const { resources } = await identity.keys.resolveVirtualKey({ hash: hash(key) })
      expect(resources.at(-1)?.virtualKey?.id).toBe(id)
    }
  })

  it('tells of disabled keys, which the gateway refuses with their own error', async () => {
    const { key } = await make({ disabled: true })
    const { resources } = await identity.keys.resolveVirtualKey({ hash: hash(key) })
    expect(resources.at(-1)?.virtualKey?.disabled).toBe(true)
  })

  it('does not know a guessed, deleted or rotated value, nor the value itself', async () => {
    const { id, key } = await make()
    await identity.call('POST', `/v1/keys/${id}/rotate`)
    const deleted = await make()
    await identity.call('DELETE', `/v1/keys/${deleted.id}`)
    for (const unknown of [randomBytes(32), hash(key), hash(deleted.key)]) {
      await expect(identity.keys.resolveVirtualKey({ hash: unknown })).rejects.toMatchObject({
        code: status.NOT_FOUND,
      })
    }
    await expect(identity.keys.resolveVirtualKey({ hash: Buffer.from(key) })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    })
  })

  it('never answers with a newer version than what it tells: no revoked key comes back by a race', async () => {
    const watcher = new Watcher(identity)
    await watcher.synced()
    for (let round = 0; round < 20; round++) {
      const { id, key } = await make()
      const [resolved] = await Promise.all([
        Promise.all(
          Array.from({ length: 5 }, () =>
            identity.keys.resolveVirtualKey({ hash: hash(key) }).catch(() => undefined),
          ),
        ),
        identity.call('DELETE', `/v1/keys/${id}`),
      ])
      const { rows } = await identity.sql.query<{ version: string }>('SELECT version FROM change_head')
      await waitFor(() => watcher.version === rows[0]?.version, { what: 'the deletion to be heard of' })
      expect(watcher.names).not.toContain(`virtual_key ${id}`)
      // What a gateway does with a late answer: a version below its own is dropped, so the key stays revoked.
      for (const answer of resolved) {
        if (answer) expect(BigInt(answer.version)).toBeLessThan(BigInt(watcher.version))
      }
    }
    watcher.stop()
  })

  it('says who names a model, and which workspaces there are', async () => {
    await identity.create('/v1/teams', { name: 'users', models: ['shared', 'x'] })
    await identity.create('/v1/workloads', { id: 'user', name: 'x', workspace: 'prod', models: ['shared'] })
    const { id } = await make({ models: ['shared'] })
    const ask = async (model: string) =>
      (
        await identity.references.listReferences({
          ...{ organization: 'org_default', model, deployment: '', repository: '', workspace: '' },
        })
      ).users
    expect(await ask('shared')).toEqual(['workload `user`', 'team `users`', `virtual key \`${id}\``])
    expect(await ask('m')).toEqual(['workload `bot`'])
    expect(await ask('share_')).toEqual([])
    const { id: workspace } = (await identity.call('GET', '/v1/workspaces/prod')).body
    const { id: limited } = await make({ deployments: ['assistant'], repositories: ['research'] })
    const askFor = async (what: object) =>
      (
        await identity.references.listReferences({
          ...{ organization: 'org_default', model: '', deployment: '', repository: '' },
          ...{ workspace: String(workspace), ...what },
        })
      ).users
    expect(await askFor({ deployment: 'assistant' })).toEqual([`virtual key \`${limited}\``])
    expect(await askFor({ repository: 'research' })).toEqual([`virtual key \`${limited}\``])
    expect(await askFor({ repository: 'research', workspace: 'ws_other' })).toEqual([])
    const find = (idOrName: string) =>
      identity.references.getWorkspace({ organization: 'org_default', idOrName })
    expect([(await find('prod')).id, (await find(String(workspace))).id]).toEqual([workspace, workspace])
    await expect(find('moon')).rejects.toMatchObject({ code: status.NOT_FOUND })
    await expect(
      identity.references.getWorkspace({ organization: 'org_other', idOrName: 'prod' }),
    ).rejects.toMatchObject({ code: status.NOT_FOUND })
  })
})
