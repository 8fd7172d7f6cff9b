import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { IdentityState } from './identity-state.js'
import { hashKey } from './known-keys.js'

describe('virtual keys in memory (threat 15)', () => {
  it('are found by the whole hash: every byte of it counts', () => {
    const hash = createHash('sha256').update('a key').digest()
    const keys = new Set([hashKey(hash)])
    for (let at = 0; at < hash.length; at++) {
      for (const bit of [1, 128]) {
        const other = Buffer.from(hash)
        other[at] = (other[at] ?? 0) ^ bit
        keys.add(hashKey(other))
      }
    }
    expect(keys.size).toBe(1 + 2 * 32)
    expect(new IdentityState().findKey(hash)).toBeUndefined()
  })
})
