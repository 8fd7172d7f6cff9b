import type { catalogV1 } from '@weir/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

interface Limit {
  scope: string
  id: string
  rpm_limit: number | null
  max_output_tokens: number | null
}
interface Route {
  name: string
  refusal: { code: string } | null
}
interface Effective {
  workspace_deployments: Route[]
  workspace_repositories: Route[]
  refusal: { code: string; message: string } | null
  limits: Limit[]
  budgets: object[] | null
  data: {
    model: string
    allowed: boolean
    refusal: { code: string; message: string } | null
    limits: Limit[]
  }[]
  has_more: boolean
  next_cursor: string | null
}

const entry = (change: Partial<catalogV1.WhitelistEntry> = {}): catalogV1.WhitelistEntry => ({
  ...{ id: 'wl_1', organization: 'org_default', workspace: 'ws', model: 'm', available: true },
  ...{ availableFromMs: '0', availableUntilMs: '0', rpmLimit: 0, tpmLimit: 0, maxOutputTokens: 0 },
  ...change,
})
const seen = (name: string, change: Partial<catalogV1.WorkspaceModel> = {}): catalogV1.WorkspaceModel => ({
  model: {
    ...{ id: `model_${name}`, organization: 'org_default', name, provider: 'prov_1', providerModel: name },
    ...{
      prices: [{ id: 'price_1', effectiveFromMs: '1', rates: [], serviceTiers: [] }],
      free: false,
      created: '1',
      maxOutputTokens: 0,
      versions: [],
    },
  },
  provider: {
    ...{ id: 'prov_1', organization: 'org_default', name: 'openai', type: 'openai' },
    ...{ baseUrl: '', credential: undefined, workspace: '', apiVersion: '', region: '' },
  },
  hasCredential: true,
  whitelistEntry: undefined,
  ...change,
})

describe('the effective rights of a virtual key', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/teams', { name: 'top', models: ['a', 'b', 'c', 'd'], rpm_limit: 100 })
    await identity.create('/v1/teams', { name: 'sales', parent: 'top', max_budget: '5' })
    await identity.create('/v1/workspaces', { name: 'prod' })
    await identity.create('/v1/workloads', {
      id: 'bot',
      name: 'Bot',
      workspace: 'prod',
      models: ['a', 'b', 'd'],
    })
  })
  afterAll(() => identity.stop())

  const make = (more: object = {}) =>
    identity.create('/v1/keys', { name: 'k', workspace: 'prod', team: 'sales', workload: 'bot', ...more })
  const ask = async (id: string, query = '') =>
    (await identity.call<Effective>('GET', `/v1/keys/${id}/effective${query}`)).body
  it('show the budgets that calls are paid from, as policy tells of them', async () => {
    const { id } = await make()
    const budget = {
      ...{ id: 'budget_1', of: { scope: 'key', scopeId: id }, hard: true, period: 'daily' },
      ...{ limitNanoUsd: '5000000000', spentNanoUsd: '1500000000', heldNanoUsd: '250000000' },
      ...{ estimatedNanoUsd: '0', leftNanoUsd: '3250000000', resetsAtMs: '1900000000000' },
    }
    identity.policy.budgets = [budget]
    expect((await ask(id)).budgets).toEqual([
      {
        ...{ id: 'budget_1', scope: 'virtual_key', scope_id: id, hard: true, period: 'daily' },
        ...{ limit: '5', spent: '1.5', held: '0.25', estimated: '0', left: '3.25' },
        resets_at: '2030-03-17T17:46:40.000Z',
      },
    ])
    const [request] = identity.policy.asked.slice(-1)
    expect(request?.organization).toBe('org_default')
    expect(request?.scopes.map(({ scope, scopeId }) => `${scope}/${scopeId}`)).toEqual([
      ...['organization/org_default', 'team/top', 'team/sales'],
      expect.stringMatching(/^workspace\/ws_/) as string,
      ...['workload/bot', `key/${id}`],
    ])
  })

  const told = ({ data }: Effective) =>
    data.map(({ model, refusal }) => [model, refusal?.message ?? 'allowed'])

  it('say which deployments and repositories may be called, and what below a repository', async () => {
    const { id: workspace } = (await identity.call<{ id: string }>('GET', '/v1/workspaces/prod')).body
    const repository = {
      id: 'repo_1',
      organization: 'org_default',
      workspace,
      name: 'r',
      providers: ['none'],
    }
    const deployments = ['d', 'e'].map((name) => ({ name, models: ['model_a'] }))
    identity.catalog.routes = { deployments, repositories: [repository], targets: [seen('a')] }
    identity.catalog.whitelist = { isWhitelisted: false, models: [seen('a')] }
    const codes = (routes: Route[]) => routes.map(({ name, refusal }) => [name, refusal?.code ?? 'allowed'])
    const { id } = await make({ deployments: ['d'] })
    const plain = await ask(id)
    expect(codes(plain.workspace_deployments)).toEqual([
      ['d', 'allowed'],
      ['e', 'deployment_not_allowed'],
    ])
    expect(codes(plain.workspace_repositories)).toEqual([['r', 'allowed']])
    const below = await ask(id, '?repository=r')
    expect(below.data[0]?.refusal?.code).toBe('model_not_found')
    expect(codes(below.workspace_deployments)[0]).toEqual(['d', 'model_not_found'])
    expect((await ask(id, '?repository=other')).refusal?.code).toBe('repository_not_found')
    const limited = await ask((await make({ repositories: ['r'] })).id)
    expect([limited.refusal?.code, limited.data[0]?.refusal?.code]).toEqual([
      ...['endpoint_not_allowed', 'endpoint_not_allowed'],
    ])
    expect(codes(limited.workspace_repositories)).toEqual([['r', 'allowed']])
    identity.catalog.routes = { deployments: [], repositories: [], targets: [] }
  })

  it('refuse a deployment of which no target may be called, as the gateways do', async () => {
    const deployments = [
      { name: 'forbidden', models: ['model_c'] },
      { name: 'half', models: ['model_c', 'model_b'] },
      { name: 'void', models: ['model_gone'] },
      { name: 'unready', models: ['model_d'] },
    ]
    const targets = [seen('b'), seen('c'), seen('d', { hasCredential: false })]
    identity.catalog.routes = { deployments, repositories: [], targets }
    const told = async (more: object) =>
      (await ask((await make(more)).id)).workspace_deployments.map(({ name, refusal }) => [
        name,
        refusal?.code ?? 'allowed',
      ])
    const ofWorkload = [
      ['forbidden', 'model_not_allowed'],
      ['half', 'allowed'],
      ['void', 'model_not_found'],
      ['unready', 'provider_key_missing'],
    ]
    expect(await told({})).toEqual(ofWorkload)
    expect(await told({ models: [] })).toEqual(ofWorkload)
    expect((await told({ models: ['a'] }))[1]).toEqual(['half', 'model_not_allowed'])
    identity.catalog.routes = { deployments: [], repositories: [], targets: [] }
  })

  it('say for every model why it may or may not be used', async () => {
    identity.catalog.whitelist = {
      isWhitelisted: true,
      models: [
        seen('a', { whitelistEntry: entry({ maxOutputTokens: 50, rpmLimit: 7 }) }),
        seen('b', { whitelistEntry: entry({ available: false }) }),
        seen('c', { whitelistEntry: entry() }),
        seen('d', { whitelistEntry: entry(), hasCredential: false }),
        seen('e', { whitelistEntry: entry() }),
      ],
    }
    const { id } = await make()
    const rights = await ask(id)
    expect(rights.refusal).toBeNull()
    expect(told(rights)).toEqual([
      ['a', 'allowed'],
      ['b', expect.stringContaining('switched off in its workspace')],
      ['c', expect.stringContaining('not among the models of its workload `bot`')],
      ['d', expect.stringContaining('has no credential')],
      ['e', expect.stringContaining('not among the models of its workload `bot`')],
    ])
    expect(rights.data[0]?.limits).toEqual([
      expect.objectContaining({ scope: 'workspace_model', id: 'a', rpm_limit: 7, max_output_tokens: 50 }),
    ])
    expect(told(await ask((await make({ workload: null, models: ['a', 'e'] })).id))).toEqual([
      ['a', 'allowed'],
      ...['b', 'c', 'd'].map((name): [string, unknown] => [
        name,
        expect.stringContaining('of its virtual key'),
      ]),
      ['e', expect.stringContaining('not among the models of its team `top`')],
    ])
  })

  it('name the limits that apply, from the top down', async () => {
    identity.catalog.whitelist = { isWhitelisted: false, models: [] }
    const { id } = await make({ rpm_limit: 3 })
    expect((await ask(id)).limits).toEqual([
      expect.objectContaining({ scope: 'team', id: 'top', rpm_limit: 100, max_budget: null }),
      expect.objectContaining({ scope: 'team', id: 'sales', rpm_limit: null, max_budget: '5' }),
      expect.objectContaining({ scope: 'virtual_key', id, rpm_limit: 3 }),
    ])
  })

  it('are those of an endpoint and of an address', async () => {
    identity.catalog.whitelist = { isWhitelisted: false, models: [seen('a')] }
    const { id } = await make({ endpoints: ['chat'], source_networks: ['10.0.0.0/8'] })
    const code = async (query: string) => (await ask(id, query)).refusal?.code
    expect(await code('')).toBeUndefined()
    expect(await code('?endpoint=embeddings')).toBe('endpoint_not_allowed')
    expect(await code('?source=10.1.2.3')).toBeUndefined()
    expect(await code('?source=192.0.2.1')).toBe('source_not_allowed')
    expect((await identity.call('GET', `/v1/keys/${id}/effective?source=moon`)).status).toBe(400)
    const { data } = await ask(id, '?source=192.0.2.1')
    expect(data).toEqual([expect.objectContaining({ model: 'a', allowed: false })])
  })

  it('are told of keys that may call nothing', async () => {
    const cases: [object, string][] = [
      [{ disabled: true }, 'key_disabled'],
      [{ type: 'management' }, 'endpoint_not_allowed'],
    ]
    for (const [fields, code] of cases) expect((await ask((await make(fields)).id)).refusal?.code).toBe(code)
    const [model] = (await ask((await make({ team: null })).id)).data
    expect(model?.refusal?.code).toBe('key_not_associated_with_team')
    expect((await identity.call('GET', '/v1/keys/key_none/effective')).body.error.code).toBe('key_not_found')
  })

  it('are paged by the names of models', async () => {
    identity.catalog.whitelist = { isWhitelisted: false, models: ['a', 'b', 'c'].map((name) => seen(name)) }
    const { id } = await make()
    const first = await ask(id, '?limit=2')
    expect([first.data.length, first.has_more]).toEqual([2, true])
    const rest = await ask(id, `?limit=2&cursor=${first.next_cursor}`)
    expect([rest.data.map(({ model }) => model), rest.has_more]).toEqual([['c'], false])
  })
})
