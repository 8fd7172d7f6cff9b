import 'reflect-metadata'
import { runService } from '@weir/http'
import { checkConfig } from './check-config.js'
import { GatewayConfig } from './config.js'
import { startGateway } from './gateway.js'

await runService({ name: 'gateway', config: GatewayConfig, check: checkConfig, run: startGateway })
