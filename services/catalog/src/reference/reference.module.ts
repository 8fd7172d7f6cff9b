import { Module } from '@nestjs/common'
import { ReferenceGrpc } from './reference.grpc.js'

@Module({ controllers: [ReferenceGrpc] })
export class ReferenceModule {}
