import { Module } from '@nestjs/common'
import { RollupConsumer } from './rollup.consumer.js'
import { RollupService } from './rollup.service.js'

@Module({ controllers: [RollupConsumer], providers: [RollupService] })
export class RollupModule {}
