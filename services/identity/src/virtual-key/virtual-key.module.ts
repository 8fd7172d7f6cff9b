import { Module } from '@nestjs/common'
import { VirtualKeyController } from './virtual-key.controller.js'
import { VirtualKeyGrpc } from './virtual-key.grpc.js'
import { VirtualKeyService } from './virtual-key.service.js'

@Module({ controllers: [VirtualKeyController, VirtualKeyGrpc], providers: [VirtualKeyService] })
export class VirtualKeyModule {}
