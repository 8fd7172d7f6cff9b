import { Module } from '@nestjs/common'
import { PriceModule } from '../price/price.module.js'
import { LedgerConsumer } from './ledger.consumer.js'
import { LedgerService } from './ledger.service.js'

@Module({ imports: [PriceModule], controllers: [LedgerConsumer], providers: [LedgerService] })
export class LedgerModule {}
