import { describe, expect, it } from 'vitest'
import { type Bounds, findExcess } from './maker-bounds.js'

const open: Bounds = {
  ...{ workspace: 'ws_1', workload: null, team: null, models: null, endpoints: null },
  ...{ deployments: null, repositories: null, sourceNetworks: null, expiresAt: null },
  ...{ maxBudgetNanoUsd: null, budgetDuration: null, rpmLimit: null, tpmLimit: null },
  ...{ inputTpmLimit: null, outputTpmLimit: null, maxParallelRequests: null },
}

describe('threat 8: a key wider than its creator', () => {
  it('is none when nothing bounds its maker', () => {
    expect(findExcess(open, { ...open, models: ['a'], rpmLimit: 1 }, [])).toBeUndefined()
    expect(findExcess({ ...open, models: ['*'] }, open, [])).toBeUndefined()
  })

  const day = (text: string) => new Date(`${text}T00:00:00Z`)
  const cases: [string, Partial<Bounds>, wider: Partial<Bounds>[], narrower: Partial<Bounds>[]][] = [
    ['workspace', {}, [{ workspace: 'ws_2' }], [{}]],
    ['workload', { workload: 'bot' }, [{}, { workload: 'other' }], [{ workload: 'bot' }]],
    ['models', { models: ['a', 'b'] }, [{}, { models: ['*'] }, { models: ['a', 'c'] }], [{ models: ['a'] }]],
    ['models', { models: [] }, [{}, { models: ['a'] }], [{ models: [] }]],
    ['endpoints', { endpoints: ['chat'] }, [{}, { endpoints: ['images'] }], [{ endpoints: ['chat'] }]],
    ['deployments', { deployments: ['d'] }, [{}, { deployments: ['e'] }], [{ deployments: [] }]],
    [
      'repositories',
      { repositories: ['r'] },
      [{}, { repositories: ['s'] }, { repositories: [] }],
      [{ repositories: ['r'] }],
    ],
    ['deployments', { models: ['a'] }, [{ models: ['a'], deployments: ['d'] }], [{ models: ['a'] }]],
    ['models', { models: ['a'] }, [{ models: [] }], [{ models: ['a'] }]],
    [
      'source_networks',
      { sourceNetworks: ['10.0.0.0/8'] },
      [{}, { sourceNetworks: ['0.0.0.0/0'] }, { sourceNetworks: ['10.0.0.0/8', '192.0.2.1'] }],
      [{ sourceNetworks: ['10.1.0.0/16'] }],
    ],
    [
      'expires_at',
      { expiresAt: day('2030-01-02') },
      [{}, { expiresAt: day('2030-01-03') }],
      [{ expiresAt: day('2030-01-02') }],
    ],
    ['rpm_limit', { rpmLimit: 5 }, [{}, { rpmLimit: 6 }], [{ rpmLimit: 5 }]],
    [
      'max_budget',
      { maxBudgetNanoUsd: 5n, budgetDuration: 'daily' },
      [{}, { maxBudgetNanoUsd: 6n, budgetDuration: 'daily' }],
      [{ maxBudgetNanoUsd: 4n, budgetDuration: 'daily' }],
    ],
    [
      'budget_duration',
      { maxBudgetNanoUsd: 5n, budgetDuration: 'monthly' },
      [{ maxBudgetNanoUsd: 5n, budgetDuration: 'daily' }],
      [{ maxBudgetNanoUsd: 5n, budgetDuration: 'monthly' }],
    ],
  ]
  it.each(cases)('is told by its %s', (field, maker, wider, narrower) => {
    const found = (made: Partial<Bounds>) => findExcess({ ...open, ...maker }, { ...open, ...made }, [])
    for (const made of wider) expect(found(made)).toBe(field)
    for (const made of narrower) expect(found(made)).toBeUndefined()
  })

  it('is told by its team: its maker’s, or one below it', () => {
    const maker = { ...open, team: 'sales' }
    expect(findExcess(maker, { ...open, team: 'emea' }, ['emea', 'sales', 'top'])).toBeUndefined()
    expect(findExcess(maker, { ...open, team: 'top' }, ['top'])).toBe('team')
    expect(findExcess(maker, open, [])).toBeUndefined()
  })
})
