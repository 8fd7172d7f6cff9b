import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  equalSecrets,
  generateVirtualKey,
  hashVirtualKey,
  isVirtualKey,
  Keyring,
  readPepper,
} from './index.js'

const key = (version: number) => `${version}:${randomBytes(32).toString('base64')}`

describe('Keyring', () => {
  it('unseals what it sealed, and never repeats a ciphertext', () => {
    const keyring = new Keyring(key(1))
    const [one, two] = [keyring.seal('sk-1', 'provider/a'), keyring.seal('sk-1', 'provider/a')]
    expect(keyring.unseal(one, 'provider/a').toString()).toBe('sk-1')
    expect(one.ciphertext.equals(two.ciphertext)).toBe(false)
    expect(one.ciphertext.includes('sk-1')).toBe(false)
  })

  it('refuses a secret that was altered or moved to another place', () => {
    const keyring = new Keyring(key(1))
    const sealed = keyring.seal('sk-1', 'provider/a')
    expect(() => keyring.unseal(sealed, 'provider/b')).toThrow()
    sealed.ciphertext[14]! ^= 1
    expect(() => keyring.unseal(sealed, 'provider/a')).toThrow()
  })

  it('seals into one text too', () => {
    const ring = new Keyring(`1:${randomBytes(32).toString('base64')}`)
    const text = ring.sealText('s.e.cret', 'here')
    expect(text).not.toContain('cret')
    expect(ring.unsealText(text, 'here')).toBe('s.e.cret')
    expect(() => ring.unsealText(text, 'there')).toThrow()
    expect(() => ring.unsealText('s.e.cret', 'here')).toThrow('not a sealed one')
  })

  it('seals with the highest version and still reads the older', () => {
    const first = key(1)
    const sealed = new Keyring(first).seal('sk-1', 'p')
    const rotated = new Keyring(`${first},${key(2)}`)
    expect(rotated.unseal(sealed, 'p').toString()).toBe('sk-1')
    expect(rotated.seal('sk-1', 'p').keyVersion).toBe(2)
    expect(() => new Keyring(key(2)).unseal(sealed, 'p')).toThrow('Version 1')
  })

  it('refuses a malformed key', () => {
    expect(() => new Keyring('1:c2hvcnQ=')).toThrow('32 bytes')
  })
})

describe('virtual keys', () => {
  it('have a checksum that a changed letter breaks', () => {
    for (let i = 0; i < 200; i++) {
      const value = generateVirtualKey()
      expect(isVirtualKey(value)).toBe(true)
      const other = value[10] === 'a' ? 'b' : 'a'
      expect(isVirtualKey(value.slice(0, 10) + other + value.slice(11))).toBe(false)
    }
  })

  it('are hashed by HMAC-SHA-256 with the pepper', () => {
    for (let i = 0; i < 20; i++) {
      const [value, secret] = [generateVirtualKey(), randomBytes(32)]
      const expected = createHmac('sha256', secret).update(value).digest()
      expect(hashVirtualKey(value, readPepper(secret.toString('base64'))).equals(expected)).toBe(true)
    }
  })
})

it('compares secrets of any length', () => {
  expect(equalSecrets('abc', 'abc')).toBe(true)
  expect(equalSecrets('abc', 'abcd')).toBe(false)
})
