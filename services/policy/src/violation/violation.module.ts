import { Module } from '@nestjs/common'
import { ViolationController } from './violation.controller.js'
import { ViolationRecorder } from './violation-recorder.js'
import { ViolationService } from './violation.service.js'

@Module({
  controllers: [ViolationController],
  providers: [ViolationService, ViolationRecorder],
  exports: [ViolationRecorder],
})
export class ViolationModule {}
