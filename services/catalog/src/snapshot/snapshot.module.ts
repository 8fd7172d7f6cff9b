import { Module } from '@nestjs/common'
import { SnapshotGrpc } from './snapshot.grpc.js'

@Module({ controllers: [SnapshotGrpc] })
export class SnapshotModule {}
