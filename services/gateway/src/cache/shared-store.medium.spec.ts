import { createLogger, registry } from '@weir/observability'
import { Keyring } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noUsage } from '../inference/usage.js'
import { sharedStoreProgram, SharedStoreServer } from '../testing/shared-store-server.js'
import { toCacheWishes } from './cache-control.js'
import type { RecordedReply } from './recorded-reply.js'
import { ResponseCache } from './response-cache.js'
import { SharedStore } from './shared-store.js'

const logger = createLogger({ service: 'test', level: 'silent' })
const terms = { ttlMs: 60_000, joinsIdentical: false }
const wishes = toCacheWishes(undefined)
const reply = (): RecordedReply => ({
  contentType: 'application/json',
  isStream: false,
  body: Buffer.from('{"answer":"secret-answer"}'),
  recordedAtMs: Date.now(),
  origin: { model: 'm', providerModel: 'pm', provider: 'p', providerId: 'prov_1', usage: noUsage },
})

describe('a store that cannot be reached', () => {
  it('reads as empty, at once, and each question is counted', async () => {
    const failures = async () =>
      (await registry.getSingleMetric('weir_cache_store_failures_total')?.get())?.values[0]?.value ?? 0
    const before = await failures()
    const store = new SharedStore('redis://127.0.0.1:1', logger)
    const startedAt = performance.now()
    expect(await store.get('k')).toBeUndefined()
    expect(await store.claim('k', 'me', 1_000)).toBeUndefined()
    await store.set('k', Buffer.from('x'), 1_000)
    expect(performance.now() - startedAt).toBeLessThan(90)
    expect(await failures()).toBe(before + 3)
    store.close()
  })

  it('is not waited for when it hangs', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    const store = new SharedStore(`redis://127.0.0.1:${port}`, logger)
    const startedAt = performance.now()
    expect(await store.get('k')).toBeUndefined()
    expect(performance.now() - startedAt).toBeLessThan(500)
    store.close()
    silent.close()
  })
})

if (sharedStoreProgram) describe('a store that gateways share', useStore)
else it('shares a store', (context) => context.skip('there is neither valkey-server nor redis-server'))

function useStore(): void {
  let server: SharedStoreServer
  const stores: SharedStore[] = []
  const open = async () => {
    const store = new SharedStore(server.url, logger)
    stores.push(store)
    await waitFor(async () => (await store.claim(`probe:${Math.random()}`, 'x', 10)) === true)
    return store
  }

  beforeAll(async () => {
    server = await SharedStoreServer.start()
  })
  afterAll(async () => {
    for (const store of stores) store.close()
    await server.stop()
  })

  it('gives one gateway what another has kept, and shows it to nobody else', async () => {
    const keys = new Keyring(`1:${randomBytes(32).toString('base64')}`)
    const [here, there, strange] = [await open(), await open(), await open()]
    const kept = reply()
    new ResponseCache(1_000_000, here, keys).keep('key1', kept, terms)
    const other = new ResponseCache(1_000_000, there, keys)
    await waitFor(async () => (await other.find('key1', terms, wishes)) !== undefined)
    expect(await other.find('key1', terms, wishes)).toEqual(kept)
    expect((await strange.get('weir:cache:key1'))?.includes('secret-answer')).toBe(false)
    const foreign = new ResponseCache(
      1_000_000,
      strange,
      new Keyring(`1:${randomBytes(32).toString('base64')}`),
    )
    expect(await foreign.find('key1', terms, wishes)).toBeUndefined()
  })

  it('has one owner of a claim, until it is given up or its time is over', async () => {
    const [here, there] = [await open(), await open()]
    expect(await here.claim('c', 'a', 60_000)).toBe(true)
    expect(await there.claim('c', 'b', 60_000)).toBe(false)
    await there.release('c', 'b')
    expect(await there.claim('c', 'b', 60_000)).toBe(false)
    await here.release('c', 'a')
    expect(await there.claim('c', 'b', 50)).toBe(true)
    await there.renew('c', 'b', 300)
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(await here.claim('c', 'a', 50)).toBe(false)
    await waitFor(async () => (await here.claim('c', 'a', 50)) === true)
  })

  it('is used again when it is back', async () => {
    const store = await open()
    await server.stop()
    expect(await store.get('k')).toBeUndefined()
    await server.run()
    await waitFor(async () => (await store.claim(`again:${Math.random()}`, 'x', 10)) === true)
  })
}
