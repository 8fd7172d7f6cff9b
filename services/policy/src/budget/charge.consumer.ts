import { Controller } from '@nestjs/common'
import { type EventBatch, OnEvent } from '@weir/bus'
import { usageRated, type UsageRated } from '@weir/contracts'
import { ChargeService } from './charge.service.js'

@Controller()
export class ChargeConsumer {
  constructor(private readonly charges: ChargeService) {}

  @OnEvent(usageRated)
  onUsageRated(batch: EventBatch<UsageRated>): Promise<void> {
    return this.charges.record(batch)
  }
}
