import { status } from '@grpc/grpc-js'
import { identityChanged } from '@weir/contracts'
import { OwnPostgres, waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from './testing/running-identity.js'
import { Watcher } from './testing/watcher.js'

describe('identity while its database is down', () => {
  let postgres: OwnPostgres
  let identity: RunningIdentity

  beforeAll(async () => {
    postgres = await OwnPostgres.start()
    identity = await RunningIdentity.start({ databaseUrl: postgres.url })
    await identity.create('/v1/workspaces', { name: 'prod' })
  })
  afterAll(async () => {
    await identity.stop()
    await postgres.remove()
  })

  it('refuses with 503, says so, keeps its watchers, and recovers by itself', async () => {
    const watcher = new Watcher(identity)
    await watcher.synced()
    await waitFor(async () => Object.keys(await identity.privateServer.missing()).join() === 'start', {
      what: 'readiness',
    })
    await postgres.kill()

    for (const [method, path, body] of [
      ['GET', '/v1/teams', undefined],
      ['POST', '/v1/teams', { name: 'lost' }],
      ['DELETE', '/v1/teams/x', undefined],
    ] as const) {
      const { status, headers, body: answer } = await identity.call(method, path, body)
      expect([status, answer.error.code]).toEqual([503, 'service_unavailable'])
      expect(answer.error.message).not.toMatch(/ECONN|127\.0\.0\.1|postgres/i)
      expect(headers.get('retry-after')).toBe('2')
    }
    await expect(identity.keys.resolveVirtualKey({ hash: Buffer.alloc(32) })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    })
    expect(Object.keys(await identity.privateServer.missing())).toEqual(
      expect.arrayContaining(['database', 'bus']),
    )

    await postgres.restart()
    await waitFor(async () => (await identity.call('GET', '/v1/teams')).status === 200, { timeoutMs: 10_000 })
    await identity.create('/v1/teams', { name: 'after' })
    await watcher.sees('team after', { timeoutMs: 5_000 })
    expect(watcher.failure).toBeUndefined()
    expect(watcher.batches.filter(({ reset }) => reset)).toHaveLength(1)
    expect((await identity.call('GET', '/v1/teams/lost')).status).toBe(404)
    await waitFor(async () => Object.keys(await identity.privateServer.missing()).join() === 'start', {
      timeoutMs: 10_000,
    })
    watcher.stop()
  })
})

describe('identity before its database is there', () => {
  it('waits, says what for, and then starts', async () => {
    const postgres = await OwnPostgres.start()
    await postgres.kill()
    const starting = RunningIdentity.start({ databaseUrl: postgres.url })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await postgres.restart()
    const identity = await starting
    expect(identity.logs.join()).toContain('The database is not there yet')
    expect((await identity.call('GET', '/v1/teams')).status).toBe(200)
    await identity.stop()
    await postgres.remove()
  })
})

describe('identity while the bus is down', () => {
  it('makes changes all the same, and tells the bus of each when it is back, in order', async () => {
    const busPostgres = await OwnPostgres.start()
    const identity = await RunningIdentity.start({ busDatabaseUrl: busPostgres.url })
    await identity.create('/v1/teams', { name: 'before' })
    await busPostgres.kill()
    await identity.create('/v1/teams', { name: 'during' })
    await identity.call('PATCH', '/v1/teams/during', { models: ['a'] })
    await identity.call('DELETE', '/v1/teams/during')
    const { rows } = await identity.sql.query('SELECT 1 FROM outbox')
    expect(rows.length).toBeGreaterThanOrEqual(3)
    expect(await identity.privateServer.missing()).toHaveProperty('bus')

    await busPostgres.restart()
    const heard: string[] = []
    await identity.bus.subscribe({
      group: 'test',
      topics: [identityChanged.topic],
      handle: (batch) => {
        for (const { value } of batch.messages) {
          const { kind, id, action, version, organization } = identityChanged.decode(value)
          heard.push(`${version} ${organization} ${kind} ${id} ${action}`)
        }
        return Promise.resolve()
      },
    })
    await waitFor(() => heard.some((text) => text.endsWith('during deleted')), {
      what: 'the last event',
      timeoutMs: 20_000,
    })
    expect(heard.filter((text) => text.includes('during'))).toEqual([
      '2 org_default team during created',
      '3 org_default team during updated',
      '4 org_default team during deleted',
    ])
    expect(heard).toContain('1 org_default team before created')
    await waitFor(async () => (await identity.sql.query('SELECT 1 FROM outbox')).rows.length === 0, {
      what: 'an empty outbox',
    })
    await identity.stop()
    await busPostgres.remove()
  })
})
