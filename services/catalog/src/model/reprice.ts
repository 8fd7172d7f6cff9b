import type { Change } from '@weir/database'
import { invalidFields } from '@weir/errors'
import type { EntityManager } from 'typeorm'
import { addPrices } from '../price/model-prices.js'
import { findPublicPrices } from '../price/public-prices.js'
import { Model } from './model.entity.js'

interface Place {
  type: string
  baseUrl: string | null
}

/** What has prices: a model, or a version of one. */
interface Priced {
  id: string
  /** Id of the model. */
  model: string
}

/**
 * Gives the models, and their versions, of a provider that moves to another address the public prices of whoever is
 * there. Refuses the move when there are none, since the old prices would be somebody else's.
 */
export async function repriceModels(
  manager: EntityManager,
  { provider, from, to }: { provider: string; from: Place; to: Place },
  changed: (change: Change) => void,
): Promise<void> {
  const models = await manager.find(Model, {
    where: { provider, priceSource: 'public' },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  })
  const versions = await manager.query<(Pick<Model, 'organization' | 'name' | 'providerModel'> & Priced)[]>(
    `SELECT v.id, v.organization, m.id AS model, m.name, v.provider_model AS "providerModel"
     FROM model_version v JOIN model m ON m.id = v.model
     WHERE m.provider = $1 AND v.price_source = 'public' ORDER BY v.id FOR UPDATE OF v`,
    [provider],
  )
  const priced = [...models.map((model) => ({ ...model, model: model.id })), ...versions]
  for (const { id, model, organization, name, providerModel } of priced) {
    const terms = findPublicPrices(to, providerModel)
    if (typeof terms === 'string') {
      const message = `the model "${name}" has its prices from the public price list, and ${terms}: give it \`prices\` first`
      throw invalidFields([{ field: 'base_url', message }])
    }
    if (JSON.stringify(terms) === JSON.stringify(findPublicPrices(from, providerModel))) continue
    await addPrices(manager, { organization, model: id, source: 'public', terms }, changed)
    changed({ organization, kind: 'model', id: model, action: 'updated' })
  }
}
