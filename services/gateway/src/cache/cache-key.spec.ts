import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toCanonicalJson } from './canonical.js'
import { cacheKeyOf, type CacheScope, isCacheable, targetIdentity } from './cache-key.js'

const scope: CacheScope = {
  ...{ organization: 'org_1', workspace: 'ws_1', policyVersion: 'e:1', endpoint: 'chat', target: 't' },
  betas: '',
}
const document = { model: 'm', messages: [{ role: 'user', content: 'hello' }], temperature: 0 }

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, shuffled(field)]),
  )
}

describe('the key of an answer', () => {
  it('is a whole SHA-256 (threat 15)', () => expect(cacheKeyOf(scope, document)).toMatch(/^[0-9a-f]{64}$/))

  it.each(Object.keys(scope) as (keyof CacheScope)[])(
    'is another one under another %s (threat 20)',
    (part) => {
      expect(cacheKeyOf({ ...scope, [part]: 'other' }, document)).not.toBe(cacheKeyOf(scope, document))
    },
  )

  it('cannot be met by moving text from one part of the scope to another', () => {
    const moved = { ...scope, organization: 'org_', workspace: '1ws_1' }
    expect(cacheKeyOf(moved, document)).not.toBe(cacheKeyOf(scope, document))
  })

  it('is one for all ways to write a request', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        const again = shuffled({ ...fields }) as Record<string, unknown>
        expect(cacheKeyOf(scope, again)).toBe(cacheKeyOf(scope, { ...fields }))
      }),
    )
  })

  it('is another one for any other request', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const [a, b] = [left, right].map((value) => cacheKeyOf(scope, { ...document, value }))
        expect(a === b).toBe(toCanonicalJson(left) === toCanonicalJson(right))
      }),
    )
  })

  it.each(['user', 'metadata', 'safety_identifier', 'prompt_cache_key'])('leaves out %s', (field) => {
    expect(cacheKeyOf(scope, { ...document, [field]: 'x' })).toBe(cacheKeyOf(scope, document))
  })

  it('tells a stream from a whole answer', () => {
    expect(cacheKeyOf(scope, { ...document, stream: true })).not.toBe(cacheKeyOf(scope, document))
    expect(cacheKeyOf(scope, { ...document, stream: false })).toBe(cacheKeyOf(scope, document))
  })

  it('tells what plugins made of the same request', () => {
    expect(cacheKeyOf(scope, document, { ...document, a: 1 })).not.toBe(
      cacheKeyOf(scope, document, { ...document, a: 2 }),
    )
  })
})

describe('an answer that may be given again', () => {
  it.each([
    [{ previous_response_id: 'resp_1' }],
    [{ conversation: 'conv_1' }],
    [{ background: true }],
    [{ store: true }],
    [{ tools: [{ type: 'web_search' }] }],
    [
      {
        tools: [
          { type: 'function', function: { name: 'f' } },
          { type: 'mcp', server_url: 'x' },
        ],
      },
    ],
    [{ web_search_options: {} }],
  ])('is none of %j', (fields) => expect(isCacheable({ ...document, ...fields })).toBe(false))

  it.each([
    [{}],
    [{ previous_response_id: null, background: false, store: false }],
    [
      {
        tools: [
          { type: 'function', function: { name: 'f' } },
          { name: 'g', input_schema: {} },
        ],
      },
    ],
  ])('is one of %j', (fields) => expect(isCacheable({ ...document, ...fields })).toBe(true))
})

describe('the identity of what answers', () => {
  const target = {
    model: { id: 'model_1', version: 0, providerModel: 'gpt', parameters: undefined },
    provider: { id: 'prov_1', type: 'openai', baseUrl: 'https://a.example/v1', apiVersion: '', region: '' },
  }
  const other = { ...target, model: { ...target.model, version: 2 } }
  const deployment = { id: 'dep_1', plugins: [{ name: 'system_prompt', settings: { text: 'a' } }] }

  it('is one whichever target comes first', () => {
    expect(targetIdentity(deployment, [target, other])).toBe(targetIdentity(deployment, [other, target]))
  })

  it('is another one where the same targets are tried in another order', () => {
    const tiersOf = (...names: string[][]) => names.map((tier) => tier.map((model) => ({ model, weight: 1 })))
    const identities = [
      targetIdentity(deployment, [target, other], tiersOf(['a'], ['b'])),
      targetIdentity(deployment, [target, other], tiersOf(['b'], ['a'])),
      targetIdentity(deployment, [target, other], tiersOf(['a', 'b'])),
      targetIdentity(
        deployment,
        [target, other],
        [
          [
            { model: 'a', weight: 1 },
            { model: 'b', weight: 0 },
          ],
        ],
      ),
    ]
    expect(new Set(identities).size).toBe(identities.length)
    expect(targetIdentity(deployment, [target, other], tiersOf(['b', 'a']))).toBe(identities[2])
  })

  it('is another one with another target, version, address or plugin', () => {
    const moved = { ...target, provider: { ...target.provider, baseUrl: 'https://b.example/v1' } }
    const replugged = { ...deployment, plugins: [{ name: 'system_prompt', settings: { text: 'b' } }] }
    const identities = [
      ...[targetIdentity(undefined, [target]), targetIdentity(undefined, [other])],
      ...[targetIdentity(undefined, [moved]), targetIdentity(undefined, [target, other])],
      ...[targetIdentity(deployment, [target]), targetIdentity(replugged, [target])],
    ]
    expect(new Set(identities).size).toBe(identities.length)
  })
})
