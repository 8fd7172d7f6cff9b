import { type EntityManager, In, MoreThan } from 'typeorm'
import { readPrices } from '../price/model-prices.js'
import type { Price } from '../price/price.entity.js'
import { ModelVersion } from './model-version.entity.js'

/** A version that gets requests, with its own prices. */
export interface VersionInForce {
  version: ModelVersion
  prices: Price[]
}

/** The versions that get requests, by model, in their order. */
export async function readVersions(
  manager: EntityManager,
  models: string[],
): Promise<Map<string, VersionInForce[]>> {
  const versions = await manager.find(ModelVersion, {
    where: { model: In(models), weight: MoreThan(0) },
    order: { version: 'ASC' },
  })
  const prices = await readPrices(
    manager,
    versions.map(({ id }) => id),
  )
  const inForce = versions.map((version) => ({ version, prices: prices.get(version.id) ?? [] }))
  return Map.groupBy(inForce, ({ version }) => version.model)
}
