import { Injectable } from '@nestjs/common'
import { asService } from '@weir/audit'
import type { EventBatch } from '@weir/bus'
import { businessUnitCostRolledUp, usageRated, type UsageRated } from '@weir/contracts'
import { GroupCommit, Outbox, savePositions, timeBatch } from '@weir/database'
import { DataSource } from 'typeorm'
import { toMessage } from './business-unit-event.js'
import { type RatedUsage, readRatedUsage } from './rated-usage.js'
import { rollUp, rollUpBusinessUnits } from './roll-up.js'
import { addBusinessUnits, addRollups, markApplied } from './rollup.repository.js'
import { groupUsage } from './usage-group.js'

/** Consumer group of aggregator. */
export const aggregatorGroup = 'aggregator'

const topic = usageRated.topic
const maxUsagesPerTransaction = 2_000
/** A stream of single events costs at most 10 transactions a second. */
const spacingMs = 100

/** A batch of one partition, read. */
interface ReadBatch {
  partition: number
  nextOffset: bigint
  usages: RatedUsage[]
}

/** Turns rated usage into rollups, and tells what business units have come to. */
@Injectable()
export class RollupService {
  private readonly commits = new GroupCommit<ReadBatch>({
    commit: (batches) => asService('roll-up-usage', () => this.commit(batches)),
    sizeOf: ({ usages }) => usages.length,
    maxSize: maxUsagesPerTransaction,
    spacingMs,
  })

  constructor(
    private readonly dataSource: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Adds a batch to the rollups: the events that were not applied before, the rollups of their
   * dimensions and business units, what those have come to, and the position are one transaction.
   * Whatever fails, all of it is undone and the batch comes again.
   */
  async apply({ partition, events }: EventBatch<UsageRated>): Promise<void> {
    const nextOffset = (events.at(-1)?.message.offset ?? -1n) + 1n
    await this.commits.add({ partition, nextOffset, usages: events.map(readRatedUsage) })
  }

  private async commit(batches: ReadBatch[]): Promise<void> {
    const done = timeBatch(topic)
    const usages = batches.flatMap((batch) => batch.usages)
    const distinct = new Map(usages.map((usage) => [usage.event.eventId, usage]))
    const added = await this.dataSource.transaction(async (manager) => {
      const added = await markApplied(manager, [...distinct.values()])
      const groups = groupUsage(added)
      await addRollups(manager, rollUp(groups))
      const rows = await addBusinessUnits(manager, rollUpBusinessUnits(groups))
      const rolledUpAt = new Date()
      const messages = rows.map((row) => toMessage(row, rolledUpAt))
      await Outbox.add(manager, businessUnitCostRolledUp.topic, messages)
      await savePositions(manager, aggregatorGroup, topic, batches)
      return added
    })
    this.outbox.notify()
    const newestMs = usages.reduce((newest, { startedAtMs }) => Math.max(newest, startedAtMs), 0)
    done({ events: usages.length, newEvents: added.length, newestMs })
  }
}
