import 'reflect-metadata'
import { runService } from '@weir/http'
import { MeteringConfig } from './config.js'
import { startMetering } from './start.js'

await runService({ name: 'metering', config: MeteringConfig, run: startMetering })
