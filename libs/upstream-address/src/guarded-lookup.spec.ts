import { describe, expect, it } from 'vitest'
import { AddressPolicy, findForbiddenLiteral, forbiddenAddressCode, guardedLookup } from './index.js'

const strict = new AddressPolicy([])
const local = new AddressPolicy(['127.0.0.0/8', '::1/128'])

const lookUp = (policy: AddressPolicy, all: boolean) =>
  new Promise<unknown>((resolve) =>
    guardedLookup(policy)('localhost', { all }, (error, address) => resolve(error ?? address)),
  )

describe('threat 2: what a name means is checked where it is used', () => {
  it('gives only addresses that may be called', async () => {
    expect(await lookUp(strict, false)).toMatchObject({ code: forbiddenAddressCode })
    expect(await lookUp(strict, true)).toMatchObject({ code: forbiddenAddressCode })
    expect(['127.0.0.1', '::1']).toContain(await lookUp(local, false))
    expect(await lookUp(local, true)).toEqual(
      expect.arrayContaining([expect.objectContaining({ family: 4 })]),
    )
  })

  it('checks an address that stands in a URL itself, since it is never looked up', () => {
    const of = (policy: AddressPolicy, url: string) => findForbiddenLiteral(policy, new URL(url))
    for (const url of [
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://[::1]/',
      'http://169.254.169.254/',
    ]) {
      expect(of(strict, url)).toMatchObject({ code: forbiddenAddressCode })
    }
    expect(of(local, 'http://[::1]:8080/')).toBeUndefined()
    expect(of(strict, 'https://llm.example.com/')).toBeUndefined()
  })
})
