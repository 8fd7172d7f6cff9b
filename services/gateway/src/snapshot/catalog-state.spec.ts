import type { catalogV1 } from '@weir/contracts'
import { Keyring } from '@weir/secrets'
import { describe, expect, it } from 'vitest'
import { CatalogState } from './catalog-state.js'

const keyring = new Keyring(`1:${Buffer.alloc(32, 1).toString('base64')}`)
const newState = () => new CatalogState(keyring, () => undefined)

const entry = (change: Partial<catalogV1.WhitelistEntry> = {}): catalogV1.CatalogResource => ({
  whitelistEntry: {
    ...{ id: 'wl_1', organization: 'org_1', workspace: 'ws_1', model: 'model_1', available: true },
    ...{ availableFromMs: '0', availableUntilMs: '0', rpmLimit: 0, tpmLimit: 0, maxOutputTokens: 0 },
    ...change,
  },
})

describe('whitelists in the gateway', () => {
  it('are there from their first entry to their last', () => {
    const state = newState()
    expect(state.findWhitelist('ws_1')).toBeUndefined()
    state.upsert(entry())
    state.upsert(entry({ id: 'wl_2', model: 'model_2', rpmLimit: 5, availableUntilMs: '7' }))
    expect(state.findWhitelist('ws_1')?.get('model_2')).toMatchObject({ rpmLimit: 5, availableUntilMs: 7 })
    expect(state.findWhitelist('ws_2')).toBeUndefined()
    state.remove('whitelist_entry', 'wl_1')
    expect([...(state.findWhitelist('ws_1')?.keys() ?? [])]).toEqual(['model_2'])
    state.remove('whitelist_entry', 'wl_2')
    expect(state.findWhitelist('ws_1')).toBeUndefined()
    expect(state.all()).toEqual([])
  })

  it('keep an entry that was made anew while the old one is taken away', () => {
    const state = newState()
    state.upsert(entry())
    state.upsert(entry({ id: 'wl_2', maxOutputTokens: 9 }))
    state.remove('whitelist_entry', 'wl_1')
    expect(state.findWhitelist('ws_1')?.get('model_1')).toMatchObject({ id: 'wl_2', maxOutputTokens: 9 })
  })

  it('are written to disk with the rest', () => {
    const state = newState()
    state.upsert(entry({ available: false }))
    const restored = newState()
    for (const resource of state.all()) restored.upsert(resource)
    expect(restored.findWhitelist('ws_1')?.get('model_1')?.available).toBe(false)
  })
})
