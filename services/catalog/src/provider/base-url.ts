import { invalidFields } from '@weir/errors'
import type { AddressPolicy } from '@weir/upstream-address'
import { openAiBaseUrl } from './provider-type.js'

/** The base URL that a provider of a type gets, checked; throws invalid_request. */
export function toBaseUrl(type: string, given: string | null, policy: AddressPolicy): string | null {
  if (type === 'sandbox') {
    if (given !== null) throw invalidBaseUrl('a sandbox has none: it answers inside the gateway')
    return null
  }
  if (given === null) {
    if (type === 'openai') return openAiBaseUrl
    throw invalidBaseUrl('is required: a provider of type openai_compatible can be anywhere')
  }
  const refusal = policy.findRefusal(given)
  if (refusal) throw invalidBaseUrl(refusal)
  // As the parser writes it, so that no two readers see two addresses in it.
  const { origin, pathname } = new URL(given)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

function invalidBaseUrl(message: string): Error {
  return invalidFields([{ field: 'base_url', message }])
}
