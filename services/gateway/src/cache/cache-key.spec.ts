import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toCanonicalJson } from './canonical.js'
import { cacheKeyOf, type CacheScope, isCacheable, TargetIdentities } from './cache-key.js'

const scope: CacheScope = {
  ...{ organization: 'org_1', workspace: 'ws_1', policyVersion: 'e:1', endpoint: 'chat', target: 't' },
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

describe('the identity of a target', () => {
  it('changes with what it is made of, and is one for equal parts', () => {
    const identities = new TargetIdentities()
    const model = { id: 'model_1', prices: [{ rates: new Map([['input', 1n]]) }] }
    const same = { id: 'model_1', prices: [{ rates: new Map([['input', 1n]]) }] }
    expect(identities.of([model])).toBe(identities.of([same]))
    expect(identities.of([model])).not.toBe(identities.of([{ ...model, id: 'model_2' }]))
    expect(identities.of([model, { a: 1 }])).not.toBe(identities.of([model]))
  })
})
