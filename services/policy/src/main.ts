import 'reflect-metadata'
import { runService } from '@weir/http'
import { PolicyConfig } from './config.js'
import { startPolicy } from './policy.js'

await runService({ name: 'policy', config: PolicyConfig, run: startPolicy })
