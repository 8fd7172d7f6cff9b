import { Module } from '@nestjs/common'
import { PriceGrpc } from './price.grpc.js'

@Module({ controllers: [PriceGrpc] })
export class PriceModule {}
