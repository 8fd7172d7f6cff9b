import { Controller } from '@nestjs/common'
import { type EventBatch, OnEvent } from '@weir/bus'
import { actionRecorded, type ActionRecorded } from '@weir/contracts'
import { AuditTrail } from './audit-trail.js'

@Controller()
export class AuditConsumer {
  constructor(private readonly trail: AuditTrail) {}

  @OnEvent(actionRecorded)
  onActionRecorded(batch: EventBatch<ActionRecorded>): Promise<void> {
    return this.trail.add(batch)
  }
}
