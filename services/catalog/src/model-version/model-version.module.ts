import { Module } from '@nestjs/common'
import { ModelModule } from '../model/model.module.js'
import { ModelVersionController } from './model-version.controller.js'
import { ModelVersionService } from './model-version.service.js'

@Module({
  imports: [ModelModule],
  controllers: [ModelVersionController],
  providers: [ModelVersionService],
})
export class ModelVersionModule {}
