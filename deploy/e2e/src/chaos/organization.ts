import { parseUsd, type Price, type UsageUnit } from '@weir/rating'
import { Factory, unique } from '../stack/factory.js'
import type { Management } from '../stack/management.js'
import type { Upstream } from './upstream.js'

/** A model that requests may name. */
export interface ChaosModel {
  name: string
  /** Its provider reports cached and reasoning tokens. */
  hasDetails: boolean
  /** What it was said to cost at its creation; absent: free. */
  price?: Price
}

/** Everything that the load needs. */
export interface Organization {
  /** Values of the virtual keys. */
  keys: string[]
  models: ChaosModel[]
  /** The providers' credentials. */
  credentials: string[]
}

/** The team that may have a hard budget, of more than it can spend. */
export const budgetedTeam = 'search'

const credentials = { plain: unique('sk-plain'), detailed: unique('sk-detailed') }

/** Digits that show when something is rounded too early. */
const prices = {
  plain: { input_per_million: '2.50', output_per_million: '10.01' },
  detailed: {
    input_per_million: '0.123456789',
    output_per_million: '1.987654321',
    cache_read_per_million: '0.031',
    reasoning_per_million: '7.77',
  },
}

const units: Record<string, UsageUnit> = {
  input_per_million: 'input',
  output_per_million: 'output',
  cache_read_per_million: 'cache_read',
  reasoning_per_million: 'reasoning',
}

/**
 * Makes business units with parents, workspaces, workloads, providers, models and virtual keys.
 * @param isBudgeted whether a team has a hard budget, whose requests are refused while nobody can be asked
 */
export async function createOrganization(
  management: Management,
  upstream: Upstream,
  isBudgeted: boolean,
): Promise<Organization> {
  const factory = new Factory(management)
  // Everybody's requests are counted by these, and none of them is refused.
  const limits = { rpm_limit: 1_000_000, tpm_limit: 1_000_000_000, max_parallel_requests: 10_000 }
  const company = await factory.createTeam({ name: 'company', ...limits })
  const retail = await factory.createTeam({ name: 'retail', parent: company.id })
  const research = await factory.createTeam({ name: 'research', parent: company.id })
  const checkout = await factory.createTeam({ name: 'checkout', parent: retail.id })
  const search = await factory.createTeam({
    ...{ name: budgetedTeam, parent: retail.id },
    ...(isBudgeted && { max_budget: '1000' }),
  })
  const shop = await factory.createWorkspace({ name: 'shop' })
  const laboratory = await factory.createWorkspace({ name: 'laboratory' })
  const chatbot = await factory.createWorkload({ name: 'chatbot', workspace: shop.id })
  const finder = await factory.createWorkload({ name: 'finder', workspace: shop.id })
  const notebook = await factory.createWorkload({ name: 'notebook', workspace: laboratory.id })
  const models = await createModels(factory, upstream)
  const owners = [
    { workspace: shop.id, workload: chatbot.id, team: checkout.id },
    { workspace: shop.id, workload: chatbot.id, team: search.id },
    { workspace: shop.id, workload: finder.id, team: search.id },
    { workspace: shop.id, workload: finder.id, team: retail.id },
    { workspace: laboratory.id, workload: notebook.id, team: research.id },
    { workspace: laboratory.id, workload: notebook.id, team: company.id },
    // Not every key has a workload.
    { workspace: shop.id, team: checkout.id },
    { workspace: laboratory.id, team: research.id },
  ]
  const keys: string[] = []
  for (const owner of owners) keys.push((await factory.createVirtualKey(owner)).key)
  return { keys, models, credentials: Object.values(credentials) }
}

async function createModels(factory: Factory, upstream: Upstream): Promise<ChaosModel[]> {
  const plain = await factory.createProvider({
    ...{ name: 'plain', base_url: upstream.plainUrl, api_key: credentials.plain },
  })
  const detailed = await factory.createProvider({
    ...{ name: 'detailed', base_url: upstream.detailedUrl, api_key: credentials.detailed },
  })
  await factory.createModel({ name: 'plain-model', provider: plain.id, prices: prices.plain })
  // The part before the slash is what the OpenRouter-shaped reply names as its provider.
  const providerModel = { provider: detailed.id, provider_model: 'maker/detailed' }
  await factory.createModel({ name: 'detailed-model', ...providerModel, prices: prices.detailed })
  await factory.createModel({ name: 'free-model', provider: plain.id, free: true })
  return [
    { name: 'plain-model', hasDetails: false, price: toPrice(prices.plain) },
    { name: 'detailed-model', hasDetails: true, price: toPrice(prices.detailed) },
    { name: 'free-model', hasDetails: false },
  ]
}

/** Read here once more from the dollars, so that nothing of what Weir made of them is taken over. */
function toPrice(dollars: Record<string, string>): Price {
  const rates = Object.entries(dollars).map(([field, text]) => {
    const unit = units[field]
    if (!unit) throw new Error(`${field} is no price.`)
    return { unit, nanoUsdPerMillion: parseUsd(text), aboveInputTokens: 0n }
  })
  return { id: '', effectiveFromMs: 0, rates }
}
