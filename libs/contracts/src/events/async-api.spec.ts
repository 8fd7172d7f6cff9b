import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { asyncApi, renderAsyncApi } from './async-api.js'
import { eventTypes } from './event-table.js'
import { toYaml } from './yaml.js'

const file = fileURLToPath(new URL('../../../../proto/asyncapi.yaml', import.meta.url))

interface Schema {
  description?: string
  properties?: Record<string, { description?: string; type?: string; format?: string }>
}

describe('AsyncAPI', () => {
  const document = asyncApi() as unknown as {
    channels: Record<string, { address: string }>
    components: { schemas: Record<string, Schema> }
  }

  it('is up to date; npm run gen writes it', () => {
    expect(readFileSync(file, 'utf8')).toBe(renderAsyncApi())
  })

  it('has a channel for every topic', () => {
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(
      eventTypes.map(({ topic }) => topic),
    )
  })

  it('describes every field of every message, and the headers', () => {
    expect(Object.keys(document.components.schemas)).toHaveLength(eventTypes.length + 1)
    for (const [name, { description, properties }] of Object.entries(document.components.schemas)) {
      expect(description, name).toBeTruthy()
      for (const [field, schema] of Object.entries(properties!))
        expect(schema.description, `${name}.${field}`).toBeTruthy()
    }
  })

  it('names the form of times and amounts', () => {
    const { properties } = document.components.schemas['UsageRated']!
    expect(properties).toMatchObject({
      started_at: { type: 'string', format: 'date-time' },
      cost: { type: 'string' },
      input_tokens: { type: 'integer', minimum: 0 },
    })
  })

  it('has no reference that leads nowhere', () => {
    const references = [...renderAsyncApi().matchAll(/\$ref: '#\/([^']+)'/g)].map(([, path]) => path!)
    expect(references.length).toBeGreaterThanOrEqual(5 * eventTypes.length)
    for (const path of references) {
      const target = path
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], asyncApi())
      expect(target, path).toBeTypeOf('object')
    }
  })
})

describe('toYaml', () => {
  it('is read back by a YAML parser as it was', () => {
    // A package of the tools that check the code; nothing of Weir itself reads YAML.
    const yaml = createRequire(import.meta.url)('yaml') as { parse(source: string): unknown }
    const odd = {
      plain: 'a b/c',
      long: { prose: 'it is: "so" # '.repeat(20).trim() },
      quoted: ["it's", '5', 'true', 'a: b', '# no', ' padded ', '', 'x #y', '-', '1.0', 'é'],
      numbers: [1, -2.5],
      flags: [true, false],
      nested: { list: [{ a: 1, b: { c: 'd' } }], none: {}, nothing: [] },
    }
    expect(yaml.parse(toYaml(odd))).toEqual(odd)
    expect(yaml.parse(renderAsyncApi())).toEqual(asyncApi())
  })
})
