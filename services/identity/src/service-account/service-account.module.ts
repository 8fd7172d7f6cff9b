import { Module } from '@nestjs/common'
import { ServiceAccountController } from './service-account.controller.js'
import { ServiceAccountService } from './service-account.service.js'

@Module({
  controllers: [ServiceAccountController],
  providers: [ServiceAccountService],
  exports: [ServiceAccountService],
})
export class ServiceAccountModule {}
