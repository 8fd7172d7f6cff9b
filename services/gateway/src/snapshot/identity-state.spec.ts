import type { identityV1 } from '@weir/contracts'
import { describe, expect, it, vi } from 'vitest'
import { IdentityState } from './identity-state.js'

const hash = (byte: number) => Buffer.alloc(32, byte)

const keyResource = (change: Partial<identityV1.VirtualKey> = {}): identityV1.IdentityResource => ({
  virtualKey: {
    id: 'key_1',
    organization: 'org_default',
    hash: hash(1),
    name: 'k',
    workspace: 'ws_1',
    workload: '',
    team: 'sales',
    type: 'llm',
    disabled: false,
    expiresAtMs: '0',
    models: { all: true, names: [] },
    endpoints: [],
    sourceNetworks: [],
    ...change,
  },
})

const teamResource = (id: string, parent: string): identityV1.IdentityResource => ({
  team: { id, organization: 'org_default', parent, models: { all: true, names: [] } },
})

describe('IdentityState', () => {
  it('never puts an older state of a key back', () => {
    const state = new IdentityState()
    state.upsert(keyResource({ disabled: true }), 7n)
    state.markReadAt(keyResource(), 7n)
    state.upsert(keyResource({ disabled: false }), 6n)
    expect(state.findKey(hash(1))?.disabled).toBe(true)
    state.remove('virtual_key', 'key_1', 6n)
    expect(state.findKey(hash(1))).toBeDefined()
    state.remove('virtual_key', 'key_1', 8n)
    expect(state.findKey(hash(1))).toBeUndefined()
  })

  it('forgets the old value of a rotated key', () => {
    const state = new IdentityState()
    state.upsert(keyResource(), 1n)
    state.upsert(keyResource({ hash: hash(2) }), 2n)
    expect(state.findKey(hash(1))).toBeUndefined()
    expect(state.findKey(hash(2))?.id).toBe('key_1')
    expect(state.keyCount).toBe(1)
  })

  it('finds a rotated key by both values until the end of the grace', () => {
    vi.useFakeTimers({ now: 1_000_000 })
    try {
      const state = new IdentityState()
      const rotated = { hash: hash(2), previousHash: hash(1), previousUntilMs: '1005000' }
      state.upsert(keyResource(), 1n)
      state.upsert(keyResource(rotated), 2n)
      expect([state.findKey(hash(1))?.id, state.findKey(hash(2))?.id]).toEqual(['key_1', 'key_1'])
      expect(state.keyCount).toBe(1)
      vi.setSystemTime(1_004_999)
      expect(state.findKey(hash(1))).toBeDefined()
      vi.setSystemTime(1_005_000)
      expect(state.findKey(hash(1))).toBeUndefined()
      expect(state.findKey(hash(2))).toBeDefined()
      // Rotated once more without a grace, both older values are dead.
      vi.setSystemTime(1_000_000)
      state.upsert(keyResource(rotated), 3n)
      state.upsert(keyResource({ hash: hash(3) }), 4n)
      expect([1, 2, 3].map((byte) => state.findKey(hash(byte)) !== undefined)).toEqual([false, false, true])
      state.remove('virtual_key', 'key_1', 5n)
      expect(state.findKey(hash(3))).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
  })

  it('knows the line of a team, also after a move', () => {
    const state = new IdentityState()
    for (const [id, parent] of [
      ['top', ''],
      ['middle', 'top'],
      ['sales', 'middle'],
    ] as const) {
      state.upsert(teamResource(id, parent), 1n)
    }
    expect(state.findTeamLine('sales')?.path).toBe('top/middle/sales')
    state.upsert(teamResource('sales', 'top'), 2n)
    expect(state.findTeamLine('sales')?.path).toBe('top/sales')
    state.remove('team', 'top', 3n)
    expect(state.findTeamLine('sales')).toBeUndefined()
  })

  it('survives teams in a circle', () => {
    const state = new IdentityState()
    state.upsert(teamResource('a', 'b'), 1n)
    state.upsert(teamResource('b', 'a'), 1n)
    expect(state.findTeamLine('a')).toBeUndefined()
  })
})
