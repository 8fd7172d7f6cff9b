import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findGuessable } from './guessable.js'

const key = () => randomBytes(32)

describe('threat 18: a secret that others can guess', () => {
  it.each([
    ...['mk_changeme_changeme_changeme_changeme', 'mk_replace-me-with-something-that-is-long-enough'],
    ...['your-master-key-goes-here-0987654321', 'this-is-the-default-key-of-the-installation'],
    ...[
      'm'.repeat(40),
      'abababababababababababababababababab',
      'mk_0123456789012345678901234567890123456789',
    ],
    ...[Buffer.alloc(32).toString('base64'), Buffer.alloc(32, 'pepper').toString('base64')],
    ...[`1:${Buffer.alloc(32, 1).toString('base64')}`],
    `2:${key().toString('base64')},1:${Buffer.alloc(32).toString('base64')}`,
    ...['postgres://weir:weir@db/weir', 'postgres://postgres:postgres@db/weir'],
    ...[
      'postgresql://app:app@db/weir',
      'postgres://weir:password@db:5432/weir',
      'postgres://weir:ch%61ngeme@db/weir',
    ],
  ])('is %s', (secret) => {
    expect(findGuessable(secret)).toMatch(/is not random|placeholder|default/)
  })

  it('is none that was made at random, and no connection without a password', () => {
    for (let time = 0; time < 2_000; time++) {
      for (const secret of [
        `mk_${key().toString('base64url')}`,
        key().toString('base64url'),
        key().toString('hex'),
        key().toString('base64'),
        `1:${key().toString('base64')},2:${key().toString('base64')}`,
        `postgres://weir:${key().toString('base64url')}@db/weir`,
      ]) {
        expect(findGuessable(secret), secret).toBeUndefined()
      }
    }
    expect(findGuessable('postgres://weir@%2Fvar%2Frun%2Fpostgresql/weir')).toBeUndefined()
  })
})
