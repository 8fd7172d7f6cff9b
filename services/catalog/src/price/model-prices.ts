import { type Change, newId } from '@weir/database'
import { priceInForce } from '@weir/rating'
import { type EntityManager, In, IsNull } from 'typeorm'
import { Price } from './price.entity.js'
import type { PriceTerms } from './public-prices.js'

/** New prices of a model. */
interface NewPrices {
  organization: string
  /** Id of the model. */
  model: string
  source: 'own' | 'public'
  terms: PriceTerms[]
}

/**
 * Gives a model new prices. The first ever hold from the beginning of time, so that no clock that
 * is a little behind finds a model without a price; later ones hold from now on, and those that
 * were yet to come are withdrawn. What was in force before stays: attempts of before are rated by it.
 */
export async function addPrices(
  manager: EntityManager,
  { organization, model, source, terms }: NewPrices,
  changed: (change: Change) => void,
): Promise<void> {
  const nowMs = Date.now()
  const known = await manager.findBy(Price, { model, withdrawnAt: IsNull() })
  await withdrawFuturePrices(manager, model)
  const lastStartMs = Math.max(
    nowMs,
    ...known.map(({ effectiveFrom }) => effectiveFrom.getTime()).filter((ms) => ms <= nowMs),
  )
  for (const { effectiveFromMs, rates, serviceTiers } of known.length === 0
    ? terms
    : fromNowOn(terms, lastStartMs)) {
    const id = newId('price')
    await manager.insert(Price, {
      id,
      organization,
      model,
      source,
      rates,
      serviceTiers: serviceTiers && serviceTiers.length > 0 ? serviceTiers : null,
      effectiveFrom: new Date(effectiveFromMs),
    })
    changed({ organization, kind: 'price', id, action: 'created' })
  }
}

/** Those that have started become one that starts now. */
function fromNowOn(terms: PriceTerms[], nowMs: number): PriceTerms[] {
  const inForce = priceInForce(terms, nowMs)
  const future = terms.filter(({ effectiveFromMs }) => effectiveFromMs > nowMs)
  return inForce ? [{ ...inForce, effectiveFromMs: nowMs }, ...future] : future
}

/** Prices that are yet to come never do. */
export async function withdrawFuturePrices(manager: EntityManager, model: string): Promise<void> {
  await manager.query(
    `UPDATE price SET withdrawn_at = now() WHERE model = $1 AND withdrawn_at IS NULL AND effective_from > $2`,
    [model, new Date()],
  )
}

/**
 * The prices of models that can still matter, by model, in the order of their start: the one that
 * was in force an hour ago, for clocks that are behind, and all since.
 */
export async function readPrices(manager: EntityManager, models: string[]): Promise<Map<string, Price[]>> {
  const ids = await manager.query<{ id: string }[]>(
    `SELECT id FROM price WHERE model = ANY($1) AND withdrawn_at IS NULL AND effective_from >= coalesce(
       (SELECT max(before.effective_from) FROM price before
        WHERE before.model = price.model AND before.withdrawn_at IS NULL
          AND before.effective_from <= now() - interval '1 hour'),
       '-infinity')`,
    [models],
  )
  const prices = await manager.find(Price, {
    where: { id: In(ids.map(({ id }) => id)) },
    order: { effectiveFrom: 'ASC', position: 'ASC' },
  })
  return Map.groupBy(prices, ({ model }) => model)
}

/** The price that counts now, of those of one model. */
export function findPriceInForce(prices: Price[]): Price | undefined {
  const dated = prices.map((price) => ({ price, effectiveFromMs: price.effectiveFrom.getTime() }))
  return priceInForce(dated, Date.now())?.price
}
