import type { identityV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KnownWhitelistEntry } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import { RateLeases } from './rate-leases.js'
import { RateLimitTable } from './rate-limits.js'
import { RatePlans } from './rate-plan.js'

const rates = (
  requestsPerMinute: number,
  more: Partial<identityV1.RateLimits> = {},
): identityV1.RateLimits => ({
  ...{ requestsPerMinute, tokensPerMinute: 0, inputTokensPerMinute: 0, outputTokensPerMinute: 0 },
  ...{ parallelRequests: 0, ...more },
})
const key = { id: 'key_1', organization: 'org', workspace: 'ws_1', workload: 'bot' } as KnownKey
const team = { path: 'top/sales' } as TeamLine
const entry = { id: 'wl_1', rpmLimit: 7, tpmLimit: 70 } as KnownWhitelistEntry
const route = { key, team, model: { name: 'small' }, entry: undefined }

let table: RateLimitTable
let leases: RateLeases
let plans: RatePlans

beforeEach(() => {
  table = new RateLimitTable()
  const peer = { exchangeRates: () => Promise.reject(new Error('nobody')) }
  leases = new RateLeases(peer, createLogger({ service: 'test', level: 'silent' }))
  plans = new RatePlans(leases)
})
afterEach(() => leases.kill())

const told = (from = route as Parameters<RatePlans['find']>[0]) =>
  plans.find(from, table).map(({ id, maximum }) => `${id} ${maximum}`)

describe('the limits of a request', () => {
  it('are none where nothing is limited', () => {
    expect(told()).toEqual([])
    expect(plans.find(route, table)).toBe(plans.find(route, table))
  })

  it('are those of every level, from the key up', () => {
    table.upsert({ organization: { id: 'org', rates: rates(1) } })
    table.upsert({ team: { id: 'top', rates: rates(2) } } as identityV1.IdentityResource)
    table.upsert({ team: { id: 'sales', rates: rates(3) } } as identityV1.IdentityResource)
    table.upsert({ workspace: { id: 'ws_1', rates: rates(4) } } as identityV1.IdentityResource)
    table.upsert({ workload: { id: 'bot', rates: rates(5) } } as identityV1.IdentityResource)
    table.upsert({
      virtualKey: { id: 'key_1', rates: rates(6, { tokensPerMinute: 60, parallelRequests: 2 }) },
    } as identityV1.IdentityResource)
    const levels = [
      ...[
        'virtual_key/key_1/requests 6',
        'virtual_key/key_1/tokens 60',
        'virtual_key/key_1/parallel_requests 2',
      ],
      'workload/bot/requests 5',
      ...[
        'workspace/ws_1/requests 4',
        'team/sales/requests 3',
        'team/top/requests 2',
        'organization/org/requests 1',
      ],
    ]
    expect(told()).toEqual(levels)
    const [tokens, requests] = ['whitelist_entry/wl_1/tokens 70', 'whitelist_entry/wl_1/requests 7']
    expect(told({ ...route, entry })).toEqual(levels.toSpliced(4, 0, requests, tokens))
    expect(told()).toEqual(levels)
  })

  it('follow each change at once, and count on where they were', () => {
    table.upsert({ team: { id: 'sales', rates: rates(3) } } as identityV1.IdentityResource)
    const [counter] = plans.find(route, table)
    table.upsert({ team: { id: 'sales', rates: rates(9) } } as identityV1.IdentityResource)
    expect(told()).toEqual(['team/sales/requests 9'])
    expect(plans.find(route, table)[0]).toBe(counter)
    table.remove('team', 'sales')
    expect(told()).toEqual([])
  })

  it('are those of the team that the key has now, and of the snapshot that is there now', () => {
    table.upsert({ team: { id: 'sales', rates: rates(3) } } as identityV1.IdentityResource)
    expect(told()).toHaveLength(1)
    expect(told({ ...route, team: { path: 'other' } as TeamLine })).toEqual([])
    table = new RateLimitTable()
    expect(told()).toEqual([])
  })
})
