import { describe, expect, it } from 'vitest'
import {
  findKeyRefusal,
  findNetworkMistake,
  isWithinNetworks,
  type KeyRights,
  toModelSet,
  toSourceNetworks,
} from './index.js'

const now = 1_000_000
const key = (change: Partial<KeyRights> = {}): KeyRights => ({
  ...{ id: 'key_1', type: 'llm', disabled: false, expiresAtMs: 0, workspace: 'ws_1' },
  ...{ workload: '', team: 'sales', models: toModelSet(null), endpoints: [], sources: undefined },
  ...change,
})
const use = { endpoint: 'chat', path: '/v1/chat/completions', source: '10.1.2.3', nowMs: now }
const code = (change: Partial<KeyRights>, more: Partial<typeof use> | { source: null } = {}) =>
  findKeyRefusal(key(change), { ...use, ...more })?.code

describe('findKeyRefusal', () => {
  it('tells each refusal apart', () => {
    expect(code({})).toBeUndefined()
    expect(code({ disabled: true })).toBe('key_disabled')
    expect(code({ expiresAtMs: now })).toBe('key_expired')
    expect(code({ expiresAtMs: now + 1 })).toBeUndefined()
    expect(code({ type: 'management' })).toBe('endpoint_not_allowed')
    expect(code({ type: 'default' })).toBeUndefined()
    expect(code({ endpoints: ['embeddings'] })).toBe('endpoint_not_allowed')
    expect(code({ endpoints: ['embeddings', 'chat'] })).toBeUndefined()
    expect(code({ sources: toSourceNetworks(['192.0.2.0/24']) })).toBe('source_not_allowed')
  })

  it('lets every key that calls models list them', () => {
    expect(code({ endpoints: ['chat'] }, { endpoint: 'models' })).toBeUndefined()
  })

  it('refuses an address that is none, and looks at none when nobody calls', () => {
    const sources = toSourceNetworks(['0.0.0.0/0', '::/0'])
    expect(code({ sources })).toBeUndefined()
    expect(code({ sources }, { source: 'unknown' })).toBe('source_not_allowed')
    expect(code({ sources: toSourceNetworks([]) }, { source: null })).toBeUndefined()
  })
})

describe('source networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:a00:1', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['fd00::/8', '10.0.0.1', false],
    ['10.0.0.0/8', '10.0.0.1, 10.0.0.2', false],
  ])('%s has %s: %s', (network, address, expected) => {
    expect(toSourceNetworks([network]).includes(address)).toBe(expected)
  })

  it.each([
    [['10.1.0.0/16'], ['10.0.0.0/8'], true],
    [['10.1.2.3'], ['192.0.2.0/24', '10.1.2.3'], true],
    [['10.0.0.0/7'], ['10.0.0.0/8'], false],
    [['10.1.0.0/16', '192.0.2.1'], ['10.0.0.0/8'], false],
    [['::/0'], ['0.0.0.0/0'], false],
    [['fd12::/16'], ['fd00::/8'], true],
    [null, ['0.0.0.0/0', '::/0'], false],
  ])('%j lie inside %j: %s', (inner, outer, expected) => {
    expect(isWithinNetworks(inner, outer)).toBe(expected)
  })

  it.each(['', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '::/-1', 'fe80::1%eth0', 'a'])(
    'refuses %j',
    (network) => {
      expect(findNetworkMistake(network)).toBeDefined()
      expect(() => toSourceNetworks([network])).toThrow()
    },
  )
})
