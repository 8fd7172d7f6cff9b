import { type DynamicModule, Module } from '@nestjs/common'
import { PrivateServer } from '@weir/observability'
import { Forwarder } from './ingress/forward.js'
import { Deployments } from './routing/deployments.js'
import { IngressController } from './ingress/ingress.controller.js'

/** The part of the gateway that goes through Nest: documents, health, the other services' REST. */
@Module({})
export class GatewayModule {
  static register(options: {
    forwarder: Forwarder
    privateServer: PrivateServer
    deployments: Deployments
  }): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [IngressController],
      providers: [
        { provide: Forwarder, useValue: options.forwarder },
        { provide: Deployments, useValue: options.deployments },
        { provide: PrivateServer, useValue: options.privateServer },
      ],
    }
  }
}
