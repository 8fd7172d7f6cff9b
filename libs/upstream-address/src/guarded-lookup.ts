import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { AddressPolicy } from './address-policy.js'

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/** `code` of the error for a host that no address may be called of. */
export const forbiddenAddressCode = 'WEIR_FORBIDDEN_ADDRESS'

function forbidden(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address that may be called.`), {
    code: forbiddenAddressCode,
  })
}

/**
 * `lookup` of a socket that finds only addresses which a policy lets be called. Addresses are checked
 * where they are used: between a check at save and a connect a name can come to mean another address.
 * The address that was checked is the one that is connected to.
 */
export function guardedLookup(policy: Pick<AddressPolicy, 'isForbidden'>) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const allowed = addresses.filter(({ address }) => !policy.isForbidden(address))
      const [first] = allowed
      if (!first) return callback(forbidden(hostname), [])
      if (options.all) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

/** The error for a URL whose host is an address that may not be called: such a one is never looked up. */
export function findForbiddenLiteral(
  policy: Pick<AddressPolicy, 'isForbidden'>,
  url: URL,
): NodeJS.ErrnoException | undefined {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(hostname) !== 0 && policy.isForbidden(hostname) ? forbidden(hostname) : undefined
}
