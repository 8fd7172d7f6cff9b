import { invalidFields } from '@weir/errors'
import type { AddressPolicy } from '@weir/upstream-address'
import { azureV1, type ProviderType, typeSettings } from './provider-type.js'

/** Where a provider's API is, and how it is spoken to; null: what a type does not have, or was not said. */
export interface Endpoint {
  baseUrl: string | null
  apiVersion: string | null
  region: string | null
}

/** The endpoint that a provider of a type gets, checked; throws invalid_request. */
export function toEndpoint(type: ProviderType, said: Endpoint, policy: AddressPolicy): Endpoint {
  const given = type === 'azure_openai' ? toAzureResource(said) : said
  const region = toRegion(type, given.region)
  const { defaultApiVersion } = typeSettings[type]
  if (defaultApiVersion === undefined && given.apiVersion !== null) {
    throw invalid('api_version', `a provider of type ${type} has none`)
  }
  return {
    baseUrl: toBaseUrl(type, given.baseUrl, region, policy),
    apiVersion: given.apiVersion ?? defaultApiVersion ?? null,
    region,
  }
}

/** An endpoint as far as it was said: what follows from the type and the region is left out. */
export function withoutDefaults(type: ProviderType, { baseUrl, apiVersion, region }: Endpoint): Endpoint {
  const standard = typeSettings[type].defaultBaseUrl?.(region ?? '')
  return { baseUrl: baseUrl === standard ? null : baseUrl, apiVersion, region }
}

/** People give the address of the resource, or of its API: the paths of the API are the gateway's to add. */
function toAzureResource({ baseUrl, apiVersion, region }: Endpoint): Endpoint {
  const [path = '', version] = /\/openai(\/v1)?\/*$/.exec(baseUrl ?? '') ?? []
  return {
    baseUrl: baseUrl && baseUrl.slice(0, baseUrl.length - path.length),
    apiVersion: apiVersion ?? (version === undefined ? null : azureV1),
    region,
  }
}

function toRegion(type: ProviderType, given: string | null): string | null {
  const { hasRegion } = typeSettings[type]
  if (!hasRegion && given !== null) throw invalid('region', `a provider of type ${type} has none`)
  if (hasRegion && given === null) {
    throw invalid('region', `is required: a provider of type ${type} is in one, such as us-east-1`)
  }
  return given
}

function toBaseUrl(
  type: ProviderType,
  given: string | null,
  region: string | null,
  policy: AddressPolicy,
): string | null {
  const { defaultBaseUrl, versionPath = '' } = typeSettings[type]
  if (type === 'sandbox') {
    if (given !== null) throw invalid('base_url', 'a sandbox has none: it answers inside the gateway')
    return null
  }
  if (given === null) {
    if (defaultBaseUrl) return defaultBaseUrl(region ?? '')
    const where = type === 'azure_openai' ? 'is at an address of its own' : 'can be anywhere'
    throw invalid('base_url', `is required: a provider of type ${type} ${where}`)
  }
  const refusal = policy.findRefusal(given)
  if (refusal) throw invalid('base_url', refusal)
  // As the parser writes it, so that no two readers see two addresses in it.
  const { origin, pathname } = new URL(given)
  return `${origin}${pathname.replace(/\/+$/, '') || versionPath}`
}

function invalid(field: string, message: string): Error {
  return invalidFields([{ field, message }])
}
