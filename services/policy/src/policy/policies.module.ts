import { Module } from '@nestjs/common'
import { BudgetModule } from '../budget/budget.module.js'
import { PolicyController } from './policy.controller.js'
import { PolicyFeed } from './policy-feed.js'
import { PolicyService } from './policy.service.js'

@Module({
  imports: [BudgetModule],
  controllers: [PolicyController],
  providers: [PolicyService, PolicyFeed],
  exports: [PolicyFeed],
})
export class PoliciesModule {}
