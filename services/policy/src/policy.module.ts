import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { InternalGuard, type InternalTrust } from '@weir/contracts'
import { EvaluationGrpc } from './evaluation/evaluation.grpc.js'
import { RateGrpc } from './rate/rate.grpc.js'
import { SnapshotGrpc } from './snapshot/snapshot.grpc.js'

@Module({})
export class PolicyModule {
  static register(trust: InternalTrust): DynamicModule {
    return {
      module: PolicyModule,
      controllers: [EvaluationGrpc, RateGrpc, SnapshotGrpc],
      providers: [{ provide: APP_GUARD, useValue: new InternalGuard(trust) }],
    }
  }
}
