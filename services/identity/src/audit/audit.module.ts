import { Module } from '@nestjs/common'
import { BoundedReads } from '@weir/database'
import { DataSource } from 'typeorm'
import { AuditConsumer } from './audit.consumer.js'
import { AuditController } from './audit.controller.js'
import { AuditService } from './audit.service.js'
import { AuditTrail } from './audit-trail.js'

@Module({
  controllers: [AuditController, AuditConsumer],
  providers: [
    AuditService,
    AuditTrail,
    {
      provide: BoundedReads,
      useFactory: (dataSource: DataSource) => new BoundedReads(dataSource),
      inject: [DataSource],
    },
  ],
})
export class AuditModule {}
