import { Module } from '@nestjs/common'
import { WhitelistController } from './whitelist.controller.js'
import { WhitelistService } from './whitelist.service.js'

@Module({ controllers: [WhitelistController], providers: [WhitelistService] })
export class WhitelistModule {}
