import { describe, expect, it } from 'vitest'
import {
  findModelRefusal,
  findTargetsRefusal,
  findUnreadiness,
  type Governance,
  type KeyRights,
  type ModelUse,
  toError,
  toModelSet,
  type WhitelistTerms,
} from './index.js'

const now = Date.parse('2030-01-01T00:00:00Z')

const key = (change: Partial<KeyRights> = {}): KeyRights => ({
  ...{ id: 'key_1', type: 'llm', disabled: false, expiresAtMs: 0, workspace: 'ws_1' },
  ...{ workload: '', team: 'sales', models: toModelSet(null), endpoints: [], sources: undefined },
  ...change,
})
const governance = (change: Partial<Governance> = {}): Governance => ({
  key: key(),
  workload: undefined,
  team: { path: 'sales', models: [toModelSet(null)] },
  ...change,
})
const entry = (change: Partial<WhitelistTerms> = {}): WhitelistTerms => ({
  ...{ available: true, availableFromMs: 0, availableUntilMs: 0 },
  ...{ rpmLimit: 0, tpmLimit: 0, maxOutputTokens: 0 },
  ...change,
})
const use = (change: Partial<ModelUse> = {}): ModelUse => ({
  name: 'a',
  model: { name: 'a', free: false, prices: [{ effectiveFromMs: 1 }] },
  provider: { name: 'openai', type: 'openai', workspace: '', hasCredential: true },
  ...{ providerId: 'prov_1', isWhitelisted: false, entry: undefined, nowMs: now },
  ...change,
})
const told = (who: Partial<Governance>, what: Partial<ModelUse> = {}) => {
  const refused = findModelRefusal(governance(who), use(what))
  return refused && [refused.code, toError(refused).message]
}
const none = toModelSet([])

describe('findModelRefusal', () => {
  it('allows what everyone allows', () => {
    const team = { path: 'top/sales', models: [toModelSet(['a', 'b']), toModelSet(['*'])] }
    const who = { key: key({ workload: 'bot', models: toModelSet(['a']) }), team }
    expect(told({ ...who, workload: { models: toModelSet(['a']) } })).toBeUndefined()
    expect(told({}, { isWhitelisted: true, entry: entry() })).toBeUndefined()
  })

  it('names who refuses', () => {
    const cases: [Partial<Governance>, string][] = [
      [{ key: key({ models: none }) }, 'of its virtual key'],
      [{ key: key({ workload: 'bot' }), workload: { models: none } }, 'of its workload `bot`'],
      [{ team: { path: 'top/sales', models: [none, toModelSet(null)] } }, 'of its team `top`'],
      [{ team: { path: 'top/sales', models: [toModelSet(null), none] } }, 'of its team `sales`'],
    ]
    for (const [who, says] of cases) {
      expect(told(who)).toEqual(['model_not_allowed', expect.stringContaining(says)])
    }
  })

  it('says what stands against a model in its workspace', () => {
    const day = 86_400_000
    const cases: [WhitelistTerms | undefined, string][] = [
      [undefined, 'not among the models of its workspace'],
      [entry({ available: false }), 'switched off in its workspace'],
      [entry({ availableFromMs: now + day }), 'available in its workspace from 2030-01-02T00:00:00.000Z'],
      [entry({ availableUntilMs: now }), 'available in its workspace until 2030-01-01T00:00:00.000Z'],
    ]
    for (const [terms, says] of cases) {
      expect(told({}, { isWhitelisted: true, entry: terms })).toEqual([
        'model_not_allowed',
        expect.stringContaining(says),
      ])
    }
    const window = entry({ availableFromMs: now, availableUntilMs: now + 1 })
    expect(told({}, { isWhitelisted: true, entry: window })).toBeUndefined()
  })

  it('tells apart what is missing', () => {
    const code = (who: Partial<Governance>, what: Partial<ModelUse> = {}) => told(who, what)?.[0]
    expect(code({ key: key({ team: '' }) })).toBe('key_not_associated_with_team')
    expect(code({ team: undefined })).toBe('team_not_found')
    expect(code({ key: key({ workload: 'gone' }) })).toBe('workload_not_found')
    expect(code({}, { model: undefined })).toBe('model_not_found')
    expect(code({}, { provider: undefined })).toBe('provider_not_found')
    const foreign = { name: 'p', type: 'sandbox', workspace: 'ws_2', hasCredential: false }
    expect(code({}, { provider: foreign })).toBe('model_not_found')
    // Whatever else speaks against it: nothing tells that there is such a model.
    expect(code({ key: key({ models: none }) }, { provider: foreign })).toBe('model_not_found')
  })

  it('refuses every direct model to a key for deployments only', () => {
    expect(told({ key: key({ models: toModelSet([]) }) })?.[0]).toBe('model_not_allowed')
  })
})

describe('findUnreadiness', () => {
  it('tells of a missing credential and of a price that is not in force yet', () => {
    const provider = { name: 'openai', type: 'openai', workspace: '', hasCredential: false }
    expect(findUnreadiness(use())).toBeUndefined()
    expect(findUnreadiness(use({ provider }))?.code).toBe('provider_key_missing')
    const later = { name: 'a', free: false, prices: [{ effectiveFromMs: now + 1 }] }
    expect(findUnreadiness(use({ model: later }))?.code).toBe('unsupported_model')
    expect(findUnreadiness(use({ model: { ...later, free: true } }))).toBeUndefined()
  })
})

describe('findTargetsRefusal', () => {
  it('lets a deployment be called of which one target can be, else tells what stands against the first', () => {
    const who = governance({
      workload: { models: toModelSet(['b']) },
      key: key({ models: none, workload: 'bot' }),
    })
    const [forbidden, allowed] = [use(), use({ name: 'b' })]
    const gone = use({ name: 'b', model: undefined, provider: undefined })
    expect(findTargetsRefusal(who, [forbidden, allowed])).toBeUndefined()
    expect(findTargetsRefusal(who, [forbidden, gone])?.code).toBe('model_not_allowed')
    expect(findTargetsRefusal(who, [gone, forbidden])?.code).toBe('model_not_found')
  })
})
