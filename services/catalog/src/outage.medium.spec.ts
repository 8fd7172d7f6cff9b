import { status } from '@grpc/grpc-js'
import { OwnPostgres, waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from './testing/running-catalog.js'
import { Watcher } from './testing/watcher.js'

describe('the catalog while its database is down', () => {
  let postgres: OwnPostgres
  let catalog: RunningCatalog
  beforeAll(async () => {
    postgres = await OwnPostgres.start()
    catalog = await RunningCatalog.start({ databaseUrl: postgres.url })
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
  })
  afterAll(async () => {
    await catalog.stop()
    await postgres.remove()
  })

  it('refuses with 503, keeps its watchers, and recovers by itself', async () => {
    const watcher = new Watcher(catalog)
    await watcher.synced()
    await postgres.kill()
    for (const [method, path, body] of [
      ['GET', '/v1/models', undefined],
      ['POST', '/v1/models', { name: 'lost', provider: 'sandbox', free: true }],
      ['DELETE', '/v1/providers/sandbox', undefined],
    ] as const) {
      const answer = await catalog.call(method, path, body)
      expect([answer.status, answer.body.error.code]).toEqual([503, 'service_unavailable'])
    }
    await expect(catalog.prices.getPrice({ id: 'x' })).rejects.toMatchObject({ code: status.UNAVAILABLE })

    await postgres.restart()
    await waitFor(async () => (await catalog.call('GET', '/v1/models')).status === 200, { timeoutMs: 10_000 })
    const { id } = await catalog.create('/v1/models', { name: 'after', provider: 'sandbox', free: true })
    await waitFor(() => watcher.models.has(id))
    expect(watcher.failure).toBeUndefined()
    expect((await catalog.call('GET', '/v1/models/lost')).status).toBe(404)
    watcher.stop()
  })
})
