import { Module } from '@nestjs/common'
import { EffectiveRightsService } from './effective-rights.service.js'
import { VirtualKeyController } from './virtual-key.controller.js'
import { VirtualKeyGrpc } from './virtual-key.grpc.js'
import { VirtualKeyService } from './virtual-key.service.js'

@Module({
  controllers: [VirtualKeyController, VirtualKeyGrpc],
  providers: [VirtualKeyService, EffectiveRightsService],
})
export class VirtualKeyModule {}
