import { status } from '@grpc/grpc-js'
import type { identityV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { IdentityState } from './identity-state.js'
import { KeyResolver } from './key-resolver.js'
import { type WatchBatch, Watcher } from './watcher.js'

type Batch = WatchBatch<identityV1.IdentityResource>

const hash = Buffer.alloc(32, 1)
const keyResource = (disabled = false): identityV1.IdentityResource => ({
  virtualKey: {
    id: 'key_1',
    organization: 'o',
    hash,
    name: '',
    workspace: 'w',
    workload: '',
    team: 't',
    type: 'llm',
    disabled,
    expiresAtMs: '0',
    models: { all: true, names: [] },
    endpoints: [],
    sourceNetworks: [],
  },
})
const batch = (version: number, upserts: identityV1.IdentityResource[] = [], reset = false): Batch => ({
  epoch: 'e',
  version: String(version),
  reset,
  synced: true,
  upserts,
  removals: [],
})

class Stream extends EventEmitter {
  cancel(): void {}
}

function setUp(resolve: () => Promise<identityV1.ResolveVirtualKeyResponse>) {
  const stream = new Stream()
  const watcher: Watcher<identityV1.IdentityResource, IdentityState> = new Watcher({
    name: 'identity',
    createState: () => new IdentityState(),
    open: () => stream,
    onApplied: () => undefined,
    logger: createLogger({ service: 'test', level: 'silent' }),
  })
  watcher.start()
  stream.emit('data', batch(5, [], true))
  return { stream, watcher, resolver: new KeyResolver(watcher, resolve, 3) }
}

describe('KeyResolver', () => {
  it('finds a key that was made a moment ago, with one question for all who ask', async () => {
    const resolve = vi.fn(() => Promise.resolve({ epoch: 'e', version: '6', resources: [keyResource()] }))
    const { resolver } = setUp(resolve)
    const found = await Promise.all([resolver.find(hash), resolver.find(hash)])
    expect(found.map((key) => key?.id)).toEqual(['key_1', 'key_1'])
    expect(resolve).toHaveBeenCalledTimes(1)
  })

  it('does not let an answer under way bring a revoked key back', async () => {
    let answer: (response: identityV1.ResolveVirtualKeyResponse) => void = () => undefined
    const { resolver, stream, watcher } = setUp(() => new Promise((resolve) => (answer = resolve)))
    const lookup = resolver.find(hash)
    stream.emit('data', { ...batch(7), removals: [{ kind: 'virtual_key', id: 'key_1' }] })
    answer({ epoch: 'e', version: '6', resources: [keyResource()] })
    await expect(lookup).resolves.toBeUndefined()
    expect(watcher.state.findKey(hash)).toBeUndefined()
  })

  it('keeps the newer of what it was told and what the stream still brings', async () => {
    const { resolver, stream, watcher } = setUp(() =>
      Promise.resolve({ epoch: 'e', version: '9', resources: [keyResource(true)] }),
    )
    await resolver.find(hash)
    stream.emit('data', batch(8, [keyResource(false)]))
    expect(watcher.state.findKey(hash)?.disabled).toBe(true)
  })

  it('asks once for a key that does not exist, and at a bounded rate for many', async () => {
    const resolve = vi.fn(() => Promise.reject(Object.assign(new Error('none'), { code: status.NOT_FOUND })))
    const { resolver } = setUp(resolve)
    await expect(resolver.find(hash)).resolves.toBeUndefined()
    await expect(resolver.find(hash)).resolves.toBeUndefined()
    expect(resolve).toHaveBeenCalledTimes(1)
    const guesses = await Promise.allSettled(
      [2, 3, 4, 5, 6].map((byte) => resolver.find(Buffer.alloc(32, byte))),
    )
    expect(guesses.filter((guess) => guess.status === 'rejected').length).toBeGreaterThanOrEqual(2)
    expect(resolve.mock.calls.length).toBeLessThanOrEqual(4)
  })

  it('says why when identity is away, and lets nobody in', async () => {
    const { resolver } = setUp(() =>
      Promise.reject(Object.assign(new Error('gone'), { code: status.UNAVAILABLE })),
    )
    await expect(resolver.find(hash)).rejects.toMatchObject({ code: 'service_unavailable', status: 503 })
  })
})

describe('Watcher', () => {
  it('swaps a whole state in only when it is complete', () => {
    const { stream, watcher } = setUp(() => Promise.reject(new Error('unused')))
    stream.emit('data', batch(6, [keyResource()]))
    stream.emit('data', { ...batch(9, [], true), synced: false })
    expect(watcher.state.findKey(hash)?.id).toBe('key_1')
    stream.emit('data', batch(9))
    expect(watcher.state.findKey(hash)).toBeUndefined()
    expect(watcher.version).toBe(9n)
  })
})
