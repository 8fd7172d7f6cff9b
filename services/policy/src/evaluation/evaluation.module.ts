import { Module } from '@nestjs/common'
import { PoliciesModule } from '../policy/policies.module.js'
import { ServiceLog } from '../service-log.js'
import { SnapshotGrpc } from '../snapshot/snapshot.grpc.js'
import { ViolationModule } from '../violation/violation.module.js'
import { EvaluationGrpc } from './evaluation.grpc.js'
import { EvaluationService } from './evaluation.service.js'
import { PolicyBook } from './policy-book.js'
import { ScanPool } from './scan-pool.js'
import { ScanWorker } from './scan-worker-url.js'

@Module({
  imports: [PoliciesModule, ViolationModule],
  controllers: [EvaluationGrpc, SnapshotGrpc],
  providers: [
    EvaluationService,
    PolicyBook,
    {
      provide: ScanPool,
      useFactory: ({ url }: ScanWorker, { logger }: ServiceLog) => new ScanPool(url, logger),
      inject: [ScanWorker, ServiceLog],
    },
  ],
})
export class EvaluationModule {}
