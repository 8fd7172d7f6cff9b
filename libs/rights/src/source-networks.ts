import { BlockList, isIP, isIPv6 } from 'node:net'

/** A set of networks, made ready to be asked. */
export interface SourceNetworks {
  includes(address: string): boolean
}

const family = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

/** What is wrong with a network as it is written; undefined: nothing. */
export function findNetworkMistake(network: string): string | undefined {
  const [address = '', prefix, ...rest] = network.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return 'is not an address or a network'
  if (prefix === undefined) return undefined
  const isLength = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32)
  return isLength ? undefined : `has no prefix length from 0 to ${version === 6 ? 128 : 32}`
}

/** Whether all of some networks lie inside others; null: everywhere. */
export function isWithinNetworks(inner: readonly string[] | null, outer: readonly string[]): boolean {
  if (inner === null) return false
  return inner.every((network) =>
    outer.some(
      (wider) => isNarrower(network, wider) && toSourceNetworks([wider]).includes(addressOf(network)),
    ),
  )
}

const addressOf = (network: string): string => network.split('/')[0] ?? ''

/** Of the same family, with a prefix that is not shorter. */
function isNarrower(network: string, wider: string): boolean {
  const isSix = isIPv6(addressOf(network))
  const length = (text: string) => Number(text.split('/')[1] ?? (isSix ? 128 : 32))
  return isSix === isIPv6(addressOf(wider)) && length(network) >= length(wider)
}

/**
 * Reads networks such as `10.0.0.0/8`, `fd00::/8` or a single address. IPv4 addresses in IPv6 notation
 * count as what they are. Throws for what is not a network.
 */
export function toSourceNetworks(networks: readonly string[]): SourceNetworks {
  const list = new BlockList()
  for (const network of networks) {
    const mistake = findNetworkMistake(network)
    if (mistake) throw new Error(`"${network}" ${mistake}.`)
    const [address = '', prefix] = network.split('/')
    if (prefix === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(prefix), family(address))
  }
  return { includes: (address) => isIP(address) !== 0 && list.check(address, family(address)) }
}
