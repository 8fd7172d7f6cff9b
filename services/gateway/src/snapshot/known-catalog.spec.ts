import type { catalogV1 } from '@weir/contracts'
import { toRuleContext } from '@weir/routing-rules'
import { Keyring } from '@weir/secrets'
import { describe, expect, it } from 'vitest'
import { CatalogState, chooseVersion } from './catalog-state.js'

const keyring = new Keyring(`1:${Buffer.alloc(32, 1).toString('base64')}`)
const unsealable: string[] = []
const newState = () => new CatalogState(keyring, (id) => void unsealable.push(id))

const provider = (type: string, secret?: string): catalogV1.CatalogResource => ({
  provider: {
    ...{ id: 'prov_1', organization: 'org_1', name: 'p', type, baseUrl: 'https://x.example', workspace: '' },
    ...{ apiVersion: '', region: 'eu-west-1' },
    credential: secret === undefined ? undefined : keyring.seal(secret, 'provider/prov_1'),
  },
})

describe('providers in the gateway', () => {
  it('have a key, the credentials of AWS, or none', () => {
    const state = newState()
    const known = (type: string, secret?: string) => {
      state.upsert(provider(type, secret))
      return state.findProvider('prov_1')
    }
    expect(known('openai')).toMatchObject({
      hasCredential: false,
      authorization: undefined,
      credentialId: '',
    })
    expect(known('openai', 'sk-1')).toMatchObject({ hasCredential: true, authorization: 'Bearer sk-1' })
    expect(known('bedrock', 'key')?.credential).toEqual({ kind: 'key', key: 'key' })
    const aws = JSON.stringify({ access_key_id: 'a', secret_access_key: 's' })
    expect(known('bedrock', aws)).toMatchObject({
      credential: { kind: 'aws', accessKeyId: 'a', secretAccessKey: 's', sessionToken: undefined },
      ...{ authorization: undefined, hasCredential: true, region: 'eu-west-1' },
    })
    expect(known('bedrock', '{"broken')).toMatchObject({ hasCredential: false })
    expect(unsealable).toEqual(['prov_1'])
  })

  it('have another credential id after each change', () => {
    const state = newState()
    const ids = ['a', 'a', 'b'].map((secret) => {
      state.upsert(provider('openai', secret))
      return state.findProvider('prov_1')?.credentialId
    })
    expect(new Set(ids).size).toBe(3)
  })
})

describe('models with versions in the gateway', () => {
  const price = (id: string): catalogV1.Price => ({ id, effectiveFromMs: '0', rates: [], serviceTiers: [] })
  const model = (weights: number[]): catalogV1.CatalogResource => ({
    model: {
      ...{ id: 'model_1', organization: 'org_1', name: 'm', provider: 'prov_1', providerModel: 'pm' },
      ...{ prices: [price('own')], free: false, created: '1', maxOutputTokens: 0 },
      versions: weights.map((weight, index) => ({
        ...{ version: index + 1, providerModel: `pm-${index + 1}`, weight },
        parametersJson: index === 1 ? '{"seed":7}' : '',
        prices: index === 1 ? [price('of-version')] : [],
      })),
    },
  })
  const find = (weights: number[]) => {
    const state = newState()
    state.upsert(model(weights))
    const found = state.findModel('org_1', 'm')
    if (!found) throw new Error('It is not there.')
    return found
  }

  it('are what they say themselves while they have none', () => {
    const found = find([])
    expect(chooseVersion(found, 0.5)).toBe(found)
    expect(found).toMatchObject({ providerModel: 'pm', version: 0, parameters: undefined })
  })

  it('are shared out by weight', () => {
    const found = find([90, 10])
    const counts = [0, 0]
    for (let i = 0; i < 1_000; i++) counts[chooseVersion(found, i / 1_000).version - 1]! += 1
    expect(counts).toEqual([900, 100])
    expect(chooseVersion(found, 0.999_999_9)).toMatchObject({
      ...{ id: 'model_1', name: 'm', providerModel: 'pm-2', parameters: { seed: 7 } },
      prices: [{ id: 'of-version' }],
    })
    expect(chooseVersion(found, 0).prices[0]?.id).toBe('own')
  })
})

describe('deployments and repositories in the gateway', () => {
  const target = (id: string, priority: number) => ({ model: id, weight: 1_000, priority })
  const deployment = (change: Partial<catalogV1.Deployment> = {}): catalogV1.CatalogResource => ({
    deployment: {
      ...{ id: 'dep_1', organization: 'org_1', workspace: 'ws_1', name: 'assistant', strategy: 'least_cost' },
      targets: [target('model_3', 5), target('model_1', 0), target('model_2', 0)],
      fallbacks: [{ model: '', deployment: 'dep_2', on: 'any' }],
      rules: [
        { when: 'stream', targets: [target('model_4', 0)] },
        { when: 'something_that_a_later_catalog_knows', targets: [] },
      ],
      ...{ retries: { max: 1, budgetRatio: 0.5 }, timeoutMs: 5, hedgeAfterMs: 0, joinIdentical: false },
      plugins: [{ name: 'x', settingsJson: '{"a":1}' }],
      ...{ health: { consecutiveFailures: 5, ejectMs: 1, checkIntervalMs: 0 }, created: '1' },
      ...change,
    },
  })

  it('are found in their own workspace by their name, until they go or get another', () => {
    const state = newState()
    state.upsert(deployment())
    expect(state.findDeployment('org_1', 'ws_1', 'assistant')?.id).toBe('dep_1')
    expect(state.findDeployment('org_1', 'ws_2', 'assistant')).toBeUndefined()
    expect(state.findDeployment('org_2', 'ws_1', 'assistant')).toBeUndefined()
    state.upsert(deployment({ name: 'other' }))
    expect(state.findDeployment('org_1', 'ws_1', 'assistant')).toBeUndefined()
    expect(state.listDeployments('ws_1').map(({ name }) => name)).toEqual(['other'])
    state.upsert(deployment({ id: 'dep_9' }))
    state.upsert(deployment({ name: 'assistant' }))
    state.remove('deployment', 'dep_9')
    expect(state.findDeployment('org_1', 'ws_1', 'assistant')?.id).toBe('dep_1')
    state.remove('deployment', 'dep_1')
    expect(state.all()).toEqual([])
  })

  it('have tiers in their order, and the rules that this gateway can read', () => {
    const state = newState()
    state.upsert(deployment())
    const found = state.findDeploymentById('dep_1')
    expect(found?.tiers.map((tier) => tier.map(({ model }) => model))).toEqual([
      ['model_1', 'model_2'],
      ['model_3'],
    ])
    expect(found).toMatchObject({ sticky: undefined, cache: undefined, plugins: [{ settings: { a: 1 } }] })
    expect(found?.rules).toHaveLength(1)
    const facts = { model: 'm', inputTokens: 1, hasTools: false, headers: {}, metadata: {} }
    const context = toRuleContext({ ...facts, stream: true, nowMs: 0, budgetLeftRatio: 1 })
    expect(found?.rules[0]?.rule.matches(context)).toBe(true)
  })

  it('join providers under a name', () => {
    const state = newState()
    const repository = { id: 'repo_1', organization: 'org_1', workspace: 'ws_1', name: 'r', providers: ['p'] }
    state.upsert({ repository })
    expect(state.findRepository('org_1', 'r')?.providers.has('p')).toBe(true)
    const restored = newState()
    for (const resource of state.all()) restored.upsert(resource)
    state.remove('repository', 'repo_1')
    expect([state.findRepository('org_1', 'r'), restored.findRepository('org_1', 'r')?.id]).toEqual([
      ...[undefined, 'repo_1'],
    ])
  })
})
