import type { identityV1 } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { IdentityState } from './identity-state.js'

const inOrganization = { organization: 'org', models: { all: true, names: [] } }

const team = (id: string, parent = ''): identityV1.IdentityResource => ({
  team: { ...inOrganization, id, parent },
})

const virtualKey = (id: string, workspace: string, team: string): identityV1.IdentityResource => ({
  virtualKey: {
    ...{ ...inOrganization, id, workspace, team, workload: '', name: id, hash: Buffer.alloc(32) },
    ...{ type: 'llm', disabled: false, expiresAtMs: '0', endpoints: [], sourceNetworks: [] },
  },
})

describe('what identity says', () => {
  it('tells what is within some workspaces: what belongs to them, and the teams that they spend from', () => {
    const state = new IdentityState()
    for (const resource of [
      ...[team('all'), team('sales', 'all'), team('emea', 'sales'), team('legal', 'all')],
      ...[virtualKey('key_1', 'ws_1', 'sales'), virtualKey('key_2', 'ws_2', 'emea')],
    ]) {
      state.upsert(resource)
    }
    const teams = (...workspaces: string[]) =>
      ['all', 'sales', 'emea', 'legal'].filter((id) => state.isWithin('team', id, workspaces))
    expect(teams('ws_1')).toEqual(['all', 'sales'])
    expect(teams('ws_2')).toEqual(['all', 'sales', 'emea'])
    expect(teams('ws_3')).toEqual([])
    const keys = (workspace: string) =>
      ['key_1', 'key_2', 'key_3'].filter((id) => state.isWithin('key', id, [workspace]))
    expect([keys('ws_1'), keys('ws_2'), keys('')]).toEqual([['key_1'], ['key_2'], []])
    expect([
      state.isWithin('workspace', 'ws_1', ['ws_1']),
      state.isWithin('workspace', 'ws_2', ['ws_1']),
    ]).toEqual([true, false])
    expect(state.isWithin('organization', 'org', ['ws_1'])).toBe(false)
    state.upsert(virtualKey('key_1', 'ws_1', 'legal'))
    state.remove('virtual_key', 'key_2')
    expect([teams('ws_1'), teams('ws_2')]).toEqual([['all', 'legal'], []])
    expect(state.organizationOf('key', 'key_1')).toBe('org')
    expect(state.organizationOf('key', 'key_2')).toBeUndefined()
  })
})
