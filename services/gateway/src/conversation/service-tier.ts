import { serviceTierOf } from '@weir/rating'

/** A level of service to vendors that know flex and priority besides their usual one; each other one is left out. */
export function writeServiceTier(tier: string | undefined, dropped: Set<string>): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'default' || tier === 'standard') return undefined
  const known = serviceTierOf(tier)
  if (known === 'flex' || known === 'priority') return known
  dropped.add('service_tier')
  return undefined
}
