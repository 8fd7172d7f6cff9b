import { Controller } from '@nestjs/common'
import { type EventBatch, OnEvent } from '@weir/bus'
import { requestSettled, type RequestSettled } from '@weir/contracts'
import { LedgerService } from './ledger.service.js'

@Controller()
export class LedgerConsumer {
  constructor(private readonly ledger: LedgerService) {}

  @OnEvent(requestSettled)
  onRequestSettled(batch: EventBatch<RequestSettled>): Promise<void> {
    return this.ledger.record(batch)
  }
}
