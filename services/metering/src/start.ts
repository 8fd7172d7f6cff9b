import { catalogV1, createGrpcClient, requestSettled } from '@weir/contracts'
import { isUnavailable, openStorage, Outbox } from '@weir/database'
import { type RunningService, type ServiceContext, startRest } from '@weir/http'
import { AppModule, entities } from './app.module.js'
import type { MeteringConfig } from './config.js'
import { LedgerService, meteringGroup } from './ledger/ledger.service.js'
import { migrations } from './migrations/index.js'

/** Opens the state, serves REST, then consumes; the end is in the reverse order. */
export async function startMetering(context: ServiceContext<MeteringConfig>): Promise<RunningService> {
  const { config, logger } = context
  const storage = await openStorage({ ...context, name: 'metering', entities, migrations })
  const { dataSource, bus } = storage
  const outbox = new Outbox(dataSource, bus, (err) =>
    logger.warn({ err }, 'The outbox could not be relayed; trying again.'),
  )
  const catalog = createGrpcClient(catalogV1.PriceServiceService, config.catalogGrpc, config)
  const app = await startRest({
    module: AppModule.forRoot({ config, dataSource, outbox, catalog }),
    config,
    logger,
    isUnavailable,
  })
  const ledger = app.get(LedgerService)
  const subscription = await bus.subscribe({
    group: meteringGroup,
    topics: [requestSettled.topic],
    handle: (batch) => ledger.record(batch),
  })
  outbox.start()
  return {
    async close() {
      await subscription.close()
      await app.close()
      await outbox.close()
      catalog.close()
      await storage.close()
    },
  }
}
