import { Controller } from '@nestjs/common'
import { type EventBatch, OnEvent } from '@weir/bus'
import { usageRated, type UsageRated } from '@weir/contracts'
import { RollupService } from './rollup.service.js'

@Controller()
export class RollupConsumer {
  constructor(private readonly rollups: RollupService) {}

  @OnEvent(usageRated)
  onUsageRated(batch: EventBatch<UsageRated>): Promise<void> {
    return this.rollups.apply(batch)
  }
}
