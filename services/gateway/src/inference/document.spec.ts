import { describe, expect, it } from 'vitest'
import { parseDocument } from './document.js'

describe('parseDocument', () => {
  it.each(['', '[]', '1', 'null', '{"a":', '\u0000', '['.repeat(1_000)])(
    'refuses what is not a JSON object',
    (text) => expect(() => parseDocument(Buffer.from(text))).toThrow(/JSON/),
  )

  it.each([
    ['depth', `{"a":${'['.repeat(512)}${']'.repeat(512)}}`],
    ['depth, not closed', `{"a":${'{"a":'.repeat(100_000)}`],
    ['number of values', `{"a":[${'0,'.repeat(500_001)}0]}`],
    ['number of fields', `{${Array.from({ length: 500_002 }, (_, index) => `"${index}":0`).join(',')}}`],
  ])('refuses what would hold up everyone else by its %s', (_, text) =>
    expect(() => parseDocument(Buffer.from(text))).toThrow(/deeper than 512|more than 500000 values/),
  )

  it('takes what only looks so: brackets and commas in text, and 511 levels', () => {
    const text = '[{,"\\'.repeat(600_000)
    expect(parseDocument(Buffer.from(JSON.stringify({ text })))).toEqual({ text })
    const deep = `{"a":${'['.repeat(511)}"]\\\\"${']'.repeat(511)}}`
    expect(JSON.stringify(parseDocument(Buffer.from(deep)))).toBe(deep)
  })

  it.each(['1e400', '-1E+400', '1e-400', '12345678901234567890', '0.1234567890123456789'])(
    'keeps %s as it is',
    (number) => {
      const text = `{"a":[${number},1]}`
      expect(JSON.stringify(parseDocument(Buffer.from(text)))).toBe(text)
    },
  )

  it('puts nothing into the prototype', () => {
    parseDocument(Buffer.from('{"__proto__":{"polluted":true}}'))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
