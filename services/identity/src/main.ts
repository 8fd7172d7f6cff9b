import 'reflect-metadata'
import { runService } from '@weir/http'
import { IdentityConfig } from './config.js'
import { startIdentity } from './start.js'

await runService({ name: 'identity', config: IdentityConfig, run: startIdentity })
