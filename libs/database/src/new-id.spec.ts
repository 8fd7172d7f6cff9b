import { describe, expect, it } from 'vitest'
import { isIdLike, newId } from './new-id.js'

describe('an id', () => {
  it('is unique, and says what it is of', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => newId('key')))
    expect(ids.size).toBe(10_000)
    for (const id of ids) expect(isIdLike('key', id)).toBe(true)
  })

  it('sorts by when it was made', async () => {
    const ids: string[] = []
    for (let i = 0; i < 20; i++) {
      ids.push(newId('ws'))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect([...ids].sort()).toEqual(ids)
  })

  it.each([
    'key',
    'key_',
    'key_short',
    `ws_${'0'.repeat(26)}`,
    `key_${'0'.repeat(27)}`,
    `key_${'U'.repeat(26)}`,
  ])('is not %s', (text) => expect(isIdLike('key', text)).toBe(false))
})
