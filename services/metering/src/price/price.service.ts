import { status as GrpcStatus } from '@grpc/grpc-js'
import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import type { catalogV1 } from '@weir/contracts'
import { counter } from '@weir/observability'
import { parsePrice, type Price } from '@weir/rating'
import { In, type Repository } from 'typeorm'
import { PriceCatalog } from './price-catalog.js'
import { StoredPrice } from './price.entity.js'

/** Calls at once to the catalog: a batch may name many prices that are new here. */
const maxCalls = 16
/** How long an id that the catalog did not know is not asked for again. */
const unknownForMs = 30_000
const maxUnknown = 10_000

const fetched = counter('weir_prices_fetched_total', 'Prices asked of the catalog.', ['result'])

/** The prices that events name: in memory, else in the table, else from the catalog, which is asked once. */
@Injectable()
export class PriceService {
  private readonly known = new Map<string, Price>()
  private readonly unknownUntil = new Map<string, number>()

  constructor(
    @InjectRepository(StoredPrice) private readonly stored: Repository<StoredPrice>,
    private readonly catalog: PriceCatalog,
  ) {}

  /**
   * The prices of these ids; one that the catalog does not know is missing.
   * @throws what the catalog or the database failed with: the usage has to wait for them.
   */
  async find(ids: Iterable<string>): Promise<ReadonlyMap<string, Price>> {
    const missing = [...new Set(ids)].filter((id) => id !== '' && !this.known.has(id) && !this.isUnknown(id))
    if (missing.length > 0) await this.load(missing)
    return this.known
  }

  private async load(ids: string[]): Promise<void> {
    for (const row of await this.stored.findBy({ id: In(ids) })) this.known.set(row.id, parsePrice(row))
    const absent = ids.filter((id) => !this.known.has(id))
    for (let at = 0; at < absent.length; at += maxCalls) {
      await Promise.all(absent.slice(at, at + maxCalls).map((id) => this.fetch(id)))
    }
  }

  private async fetch(id: string): Promise<void> {
    const price = await this.ask(id)
    fetched.inc({ result: price ? 'found' : 'unknown' })
    if (!price) return this.rememberUnknown(id)
    const { effectiveFromMs, rates, serviceTiers } = price
    await this.stored
      .createQueryBuilder()
      .insert()
      .values({ id, effectiveFromMs, rates, serviceTiers })
      .orIgnore()
      .execute()
    this.known.set(id, parsePrice({ id, effectiveFromMs, rates, serviceTiers }))
  }

  private async ask(id: string): Promise<catalogV1.Price | undefined> {
    try {
      return (await this.catalog.getPrice({ id })).price
    } catch (error) {
      if ((error as { code?: unknown }).code === GrpcStatus.NOT_FOUND) return undefined
      fetched.inc({ result: 'failed' })
      throw error
    }
  }

  private isUnknown(id: string): boolean {
    const until = this.unknownUntil.get(id)
    if (until === undefined || until > Date.now()) return until !== undefined
    this.unknownUntil.delete(id)
    return false
  }

  private rememberUnknown(id: string): void {
    // Ids come from outside, so there is no end to those that are unknown.
    if (this.unknownUntil.size >= maxUnknown) this.unknownUntil.clear()
    this.unknownUntil.set(id, Date.now() + unknownForMs)
  }
}
