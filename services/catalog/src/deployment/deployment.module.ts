import { Module } from '@nestjs/common'
import { DeploymentController } from './deployment.controller.js'
import { DeploymentService } from './deployment.service.js'

@Module({ controllers: [DeploymentController], providers: [DeploymentService] })
export class DeploymentModule {}
