import { Module } from '@nestjs/common'
import { RepositoryController } from './repository.controller.js'
import { RepositoryService } from './repository.service.js'

@Module({ controllers: [RepositoryController], providers: [RepositoryService] })
export class RepositoryModule {}
