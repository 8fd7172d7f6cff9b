import { identityV1 } from '@weir/contracts'
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { IdentityState } from './identity-state.js'

const count = Number(process.env['WEIR_KNOWN_KEYS'] ?? 100_000)
/** A million of them in under 500 MB. */
const mostBytes = 500

const hashOf = (index: number): Buffer => createHash('sha256').update(String(index)).digest()
const idOf = (kind: string, index: number): string => `${kind}_01k9x3v0${String(index).padStart(18, '0')}`

/** A batch as it comes over the wire: whatever decoding leaves behind counts as well. */
function batchOf(from: number, size: number): identityV1.IdentityResource[] {
  const upserts = Array.from({ length: size }, (_, offset): identityV1.IdentityResource => {
    const index = from + offset
    const key: identityV1.VirtualKey = {
      ...{ id: idOf('key', index), organization: 'org_default', hash: hashOf(index), name: `key ${index}` },
      ...{ workspace: idOf('ws', index % 1_000), workload: `bot-${index % 3_000}`, team: `t${index % 500}` },
      ...{ type: 'llm', disabled: false, expiresAtMs: index % 2 === 0 ? '0' : '1900000000000' },
      models:
        index % 4 === 0 ? { all: false, names: ['gpt-4o-mini', 'sandbox-small'] } : { all: true, names: [] },
      ...{ endpoints: index % 4 === 1 ? ['chat', 'embeddings'] : [], sourceNetworks: [] },
    }
    return { virtualKey: key }
  })
  const batch = { epoch: 'e', version: '1', reset: false, synced: false, upserts, removals: [] }
  const bytes = identityV1.WatchIdentityResponse.encode(batch).finish()
  return identityV1.WatchIdentityResponse.decode(bytes).upserts
}

function fill(state: IdentityState): void {
  for (let from = 0; from < count; from += 2_000) {
    for (const resource of batchOf(from, Math.min(2_000, count - from))) state.upsert(resource, 1n)
  }
}

async function usedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What specs before this one have left in the same worker goes with the first round, or only after it.
  for (let round = 0; round < 3; round++) {
    collect()
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('what is known of the virtual keys', () => {
  it('takes less than 500 bytes each, and every one is found by its hash', async () => {
    // What the first batches leave for good is no part of a key.
    new IdentityState().upsert(batchOf(0, 1)[0] as identityV1.IdentityResource, 1n)
    const before = await usedBytes()
    const state = new IdentityState()
    fill(state)
    const bytes = ((await usedBytes()) - before) / count
    console.log(`${count} virtual keys: ${Math.round(bytes)} bytes each`)
    expect(bytes).toBeLessThan(mostBytes)
    expect(bytes).toBeGreaterThan(100)
    for (let index = 0; index < count; index += 997) {
      expect(state.findKey(hashOf(index))?.id).toBe(idOf('key', index))
    }
    expect(state.keyCount).toBe(count)
  }, 60_000)

  it('is all there when it is written to disk and read again', () => {
    // Whoever adds a field to a key adds it here: what is missing is lost with a restart.
    const key: Required<identityV1.VirtualKey> = {
      ...{ id: 'key_1', organization: 'org_default', hash: hashOf(1), name: '' },
      ...{ workspace: 'ws_1', workload: 'bot', team: 'sales', type: 'default', disabled: true },
      ...{ expiresAtMs: '1900000000000', models: { all: false, names: ['a', 'b'] }, endpoints: ['chat'] },
      ...{ sourceNetworks: ['10.0.0.0/8'], previousHash: hashOf(2), previousUntilMs: '1950000000000' },
      rates: {
        ...{ requestsPerMinute: 1, tokensPerMinute: 2, inputTokensPerMinute: 3 },
        ...{ outputTokensPerMinute: 4, parallelRequests: 5 },
      },
      money: { amountNanoUsd: '6', duration: 'daily' },
      ...{ deployments: { names: ['answers'] }, repositories: { names: [] } },
    }
    const state = new IdentityState()
    state.upsert({ virtualKey: key }, 1n)
    expect(state.all()).toEqual([{ virtualKey: key }])
    const again = new IdentityState()
    for (const resource of state.all()) again.upsert(resource, 1n)
    expect(again.all()).toEqual(state.all())
    expect([again.findKey(hashOf(1)), again.findKey(hashOf(2))]).toMatchObject([
      { id: 'key_1', valueUntilMs: 0 },
      { id: 'key_1', valueUntilMs: 1_950_000_000_000 },
    ])
    state.remove('virtual_key', 'key_1', 2n)
    expect([state.all(), state.findKey(hashOf(1)), state.findKey(hashOf(2))]).toEqual([
      [],
      undefined,
      undefined,
    ])
  })
})
