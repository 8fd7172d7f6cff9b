import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { EventBatch } from '@weir/bus'
import { requestSettled, type RequestSettled, usageRated } from '@weir/contracts'
import { GroupCommit, Outbox, savePositions, timeBatch } from '@weir/database'
import { counter } from '@weir/observability'
import { DataSource } from 'typeorm'
import { PriceService } from '../price/price.service.js'
import { sumByHour } from './hourly-sum.js'
import { addHourlySums, insertNewAttempts } from './ledger.repository.js'
import { type RatedAttempt, rateAttempt, toUsageRated } from './rated-attempt.js'
import { readSettledAttempt } from './settled-attempt.js'

const unpriced = counter('weir_unpriced_attempts_total', 'Attempts whose price is not known.', ['model'])

/** Consumer group of metering. */
export const meteringGroup = 'metering'

const source = 'weir/metering'
const topic = requestSettled.topic
const maxAttemptsPerTransaction = 2_000
/** A stream of single events costs at most 20 transactions a second. */
const spacingMs = 50

/** A batch of one partition, with its costs. */
interface RatedBatch {
  partition: number
  nextOffset: bigint
  attempts: RatedAttempt[]
}

/** Turns settled attempts into the ledger, its sums and rated events. */
@Injectable()
export class LedgerService {
  private readonly commits = new GroupCommit<RatedBatch>({
    commit: (batches) => asService('rate-usage', () => this.commit(batches)),
    sizeOf: ({ attempts }) => attempts.length,
    maxSize: maxAttemptsPerTransaction,
    spacingMs,
  })

  constructor(
    private readonly dataSource: DataSource,
    private readonly prices: PriceService,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Rates a batch and records it: the attempts that the ledger lacks, their sums, their rated
   * events and the position are one transaction. Whatever fails, all of it is undone and the batch
   * comes again.
   */
  async record({ partition, events }: EventBatch<RequestSettled>): Promise<void> {
    const settled = events.map(readSettledAttempt)
    const prices = await this.prices.find(settled.map(({ event }) => event.priceId))
    const ratedAt = new Date().toISOString()
    const attempts = settled.map((attempt) =>
      rateAttempt(attempt, prices.get(attempt.event.priceId), ratedAt),
    )
    const nextOffset = (events.at(-1)?.message.offset ?? -1n) + 1n
    await this.commits.add({ partition, nextOffset, attempts })
  }

  private async commit(batches: RatedBatch[]): Promise<void> {
    const done = timeBatch(topic)
    const attempts = batches.flatMap((batch) => batch.attempts)
    // Of copies that differ, one and the same must go to the ledger, the sums and the bus.
    const distinct = [...new Map(attempts.map((attempt) => [attempt.event.eventId, attempt])).values()]
    const added = await this.dataSource.transaction(async (manager) => {
      const added = await insertNewAttempts(manager, distinct)
      await addHourlySums(manager, sumByHour(added))
      const messages = added.map((attempt) =>
        usageRated.encode(toUsageRated(attempt), source, attempt.traceparent),
      )
      await Outbox.add(manager, usageRated.topic, messages)
      await savePositions(manager, meteringGroup, topic, batches)
      return added
    })
    this.outbox.notify()
    const newestMs = attempts.reduce((newest, { endedAtMs }) => Math.max(newest, endedAtMs), 0)
    done({ events: attempts.length, newEvents: added.length, newestMs })
    for (const { status, event } of added) if (status === 'unpriced') unpriced.inc({ model: event.model })
  }
}
