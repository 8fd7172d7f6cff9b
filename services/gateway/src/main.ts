import 'reflect-metadata'
import { runService } from '@weir/http'
import { GatewayConfig } from './config.js'
import { startGateway } from './gateway.js'

await runService({ name: 'gateway', config: GatewayConfig, run: startGateway })
