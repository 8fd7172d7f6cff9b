import { Module } from '@nestjs/common'
import { PriceModule } from '../price/price.module.js'
import { LedgerService } from './ledger.service.js'

@Module({ imports: [PriceModule], providers: [LedgerService], exports: [LedgerService] })
export class LedgerModule {}
