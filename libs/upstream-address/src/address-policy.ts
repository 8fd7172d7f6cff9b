import { BlockList, isIP, isIPv6 } from 'node:net'

/** Networks inside which no provider lies unless the operator says so (IANA special-purpose registries). */
const internalNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  // Addresses that embed an IPv4 address, which would have to be judged again: none is a provider's.
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]

function toBlockList(networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const bits = isIPv6(address) ? 128 : 32
    const length = prefix === undefined ? bits : Number(prefix)
    if (isIP(address) === 0 || !Number.isInteger(length) || length < 0 || length > bits) {
      throw new Error(`"${network}" is not a network: write it as 10.0.0.0/8 or fd00::/8.`)
    }
    list.addSubnet(address, length, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}

const internal = toBlockList(internalNetworks)

/** `::ffff:7f00:1` and `::ffff:127.0.0.1` are 127.0.0.1. */
function unmap(address: string): string {
  if (!isIPv6(address)) return address
  // The URL parser writes any IPv6 address in its one canonical form.
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? []
  if (high === undefined || low === undefined) return canonical
  const bits = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}

/** Which addresses providers may have: public ones, and what the operator lists. */
export class AddressPolicy {
  private readonly allowed: BlockList

  /** From WEIR_UPSTREAM_ALLOW: networks such as `10.1.0.0/16`. Throws for what is not a network. */
  constructor(allowedNetworks: string[]) {
    this.allowed = toBlockList(allowedNetworks)
  }

  /** Whether an IP address must not be connected to. */
  isForbidden(address: string): boolean {
    if (isIP(address) === 0) return true
    const plain = unmap(address)
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4'
    return internal.check(plain, family) && !this.allowed.check(plain, family)
  }

  /**
   * Why a URL cannot be a provider's, for people; undefined when nothing speaks against it. Names
   * are not looked up here: what they mean is checked when they are connected to.
   */
  findRefusal(text: string): string | undefined {
    let url: URL
    try {
      url = new URL(text)
    } catch {
      return 'is not a URL'
    }
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password'
    if (url.search !== '' || url.hash !== '' || text.includes('#') || text.includes('?'))
      return 'must not have a query or a fragment'
    // The parser has turned decimal, octal and hexadecimal spellings into the dotted one.
    const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    const address = host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : host
    if (isIP(address) !== 0 && this.isForbidden(address)) {
      return 'points to a private or local address, which is not among those that the operator allows (WEIR_UPSTREAM_ALLOW)'
    }
    return undefined
  }
}
