import { describe, expect, it } from 'vitest'
import { AddressPolicy } from './index.js'

const strict = new AddressPolicy([])

describe('AddressPolicy', () => {
  it.each([
    'http://127.0.0.1/v1',
    'http://localhost:11434/v1',
    'http://LOCALHOST./v1',
    'http://x.localhost/v1',
    'http://2130706433/v1',
    'http://0x7f000001/v1',
    'http://0177.0.0.1/v1',
    'http://127.1/v1',
    'http://[::1]/v1',
    'http://[::ffff:127.0.0.1]/v1',
    'http://[::ffff:7f00:1]/v1',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]/v1',
    'http://169.254.169.254/latest',
    'http://10.0.0.1/v1',
    'http://172.31.255.255/v1',
    'http://192.168.1.1/v1',
    'http://100.64.0.1/v1',
    'http://[fd00::1]/v1',
    'http://[fe80::1]/v1',
    'http://[64:ff9b::7f00:1]/v1',
    'http://0.0.0.0/v1',
  ])('refuses %s', (url) => expect(strict.findRefusal(url)).toMatch(/private or local/))

  it.each([
    ['ftp://example.com/', /must begin/],
    ['https://user@example.com/', /user name/],
    ['https://example.com/?x=1', /query/],
    ['https://example.com/#x', /fragment/],
    ['nonsense', /not a URL/],
  ])('refuses %s', (url, reason) => expect(strict.findRefusal(url)).toMatch(reason))

  it('takes public addresses and names', () => {
    expect(strict.findRefusal('https://api.openai.com/v1')).toBeUndefined()
    expect(strict.isForbidden('8.8.8.8')).toBe(false)
    expect(strict.isForbidden('2606:4700::1111')).toBe(false)
  })

  it('takes what the operator lists, in every spelling, and nothing beside it', () => {
    const local = new AddressPolicy(['127.0.0.0/8', 'fd00::/16'])
    expect(local.findRefusal('http://0x7f000001/v1')).toBeUndefined()
    expect(local.isForbidden('::ffff:127.0.0.1')).toBe(false)
    expect(local.isForbidden('fd00::1')).toBe(false)
    expect(local.isForbidden('fd01::1')).toBe(true)
    expect(local.isForbidden('10.0.0.1')).toBe(true)
  })

  it('refuses a list that is not one of networks', () => {
    expect(() => new AddressPolicy(['10.0.0.0/33'])).toThrow('not a network')
    expect(() => new AddressPolicy(['example.com'])).toThrow('not a network')
  })
})
