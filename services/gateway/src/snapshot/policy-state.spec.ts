import type { policyV1 } from '@weir/contracts'
import type { JudgedRequest } from '@weir/rights'
import { describe, expect, it } from 'vitest'
import { PolicyState } from './policy-state.js'

const scope = (given: Partial<policyV1.PolicyScope>): policyV1.PolicyScope => ({
  ...{ policy: 'pol_1', organization: 'org_1', workspace: '', repository: '', name: 'One', mode: 'enforce' },
  ...{ appliesToInput: true, appliesToOutput: false, deployments: [], workloads: [], models: [] },
  ...{ isActing: true, failsOpen: false, revision: 1 },
  ...given,
})

const request: JudgedRequest = {
  ...{ organization: 'org_1', workspace: 'ws_1', workload: 'bot', models: ['small', 'large'] },
  ...{ repository: ['repo_1', 'shared'], deployment: ['dep_1', 'fast'] },
}

const covers = (given: Partial<policyV1.PolicyScope>): boolean => {
  const state = new PolicyState()
  state.upsert(scope(given))
  return state.coveringInput(request).length === 1
}

describe('where policies apply', () => {
  it.each<Partial<policyV1.PolicyScope>>([
    {},
    { workspace: 'ws_1' },
    { repository: 'repo_1' },
    { repository: 'shared' },
    { deployments: ['other', 'fast'] },
    { deployments: ['dep_1'] },
    { workloads: ['bot'] },
    { models: ['large'] },
    { workspace: 'ws_1', deployments: ['fast'], workloads: ['bot'], models: ['small'] },
    { mode: 'shadow' },
  ])('covers a request with %j', (given) => {
    expect(covers(given)).toBe(true)
  })

  it.each<Partial<policyV1.PolicyScope>>([
    { organization: 'org_2' },
    { workspace: 'ws_2' },
    { repository: 'other' },
    { deployments: ['slow'] },
    { workloads: ['other'] },
    { models: ['huge'] },
    { workspace: 'ws_1', models: ['huge'] },
    { appliesToInput: false },
    { mode: 'off' },
  ])('covers none with %j', (given) => {
    expect(covers(given)).toBe(false)
  })

  it('is asked about nothing in an organization without policies', () => {
    const state = new PolicyState()
    state.upsert(scope({}))
    expect([state.judgesInput('org_1'), state.judgesInput('org_2')]).toEqual([true, false])
    state.remove('policy', 'pol_1')
    expect(state.judgesInput('org_1')).toBe(false)
    expect(state.all()).toEqual([])
  })

  it('has another revision after each change of a policy of the organization, and of no other', () => {
    const state = new PolicyState()
    expect(state.revisionOf('org_1')).toBe('')
    state.upsert(scope({}))
    const first = state.revisionOf('org_1')
    state.upsert(scope({ policy: 'pol_2', organization: 'org_2' }))
    expect(state.revisionOf('org_1')).toBe(first)
    state.upsert(scope({ revision: 2 }))
    expect(['', first]).not.toContain(state.revisionOf('org_1'))
    state.upsert(scope({ mode: 'off', revision: 3 }))
    expect(state.revisionOf('org_1')).toBe('')
  })
})
