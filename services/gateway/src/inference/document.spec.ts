import { describe, expect, it } from 'vitest'
import { parseDocument } from './document.js'

describe('parseDocument', () => {
  it.each(['', '[]', '1', 'null', '{"a":', '\u0000', '['.repeat(200_000)])('refuses what is not a JSON object', (text) =>
    expect(() => parseDocument(Buffer.from(text))).toThrow(/JSON/),
  )

  it('puts nothing into the prototype', () => {
    parseDocument(Buffer.from('{"__proto__":{"polluted":true}}'))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
