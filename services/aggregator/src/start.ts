import { usageRated } from '@weir/contracts'
import { isUnavailable, openStorage, Outbox } from '@weir/database'
import { type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule } from './app.module.js'
import type { AggregatorConfig } from './config.js'
import { migrations } from './migrations/index.js'
import { aggregatorGroup, RollupService } from './rollup/rollup.service.js'

/** Opens the state, serves REST, then consumes; the end is in the reverse order. */
export async function startAggregator(context: ServiceContext<AggregatorConfig>): Promise<RunningService> {
  const { config, logger } = context
  const storage = await openStorage({ ...context, name: 'aggregator', entities: [], migrations })
  const { dataSource, bus } = storage
  const outbox = new Outbox(dataSource, bus, (err) =>
    logger.warn({ err }, 'The outbox could not be relayed; trying again.'),
  )
  const module = AppModule.forRoot({ config, dataSource, outbox })
  const app = await startRest({ module, config, logger, isUnavailable })
  const rollups = app.get(RollupService)
  const subscription = await bus.subscribe({
    group: aggregatorGroup,
    topics: [usageRated.topic],
    handle: (batch) => rollups.apply(batch),
  })
  outbox.start()
  return {
    async close() {
      await subscription.close()
      await app.close()
      await outbox.close()
      await storage.close()
    },
  }
}
