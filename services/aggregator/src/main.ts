import 'reflect-metadata'
import { runService } from '@weir/http'
import { AggregatorConfig } from './config.js'
import { startAggregator } from './start.js'

await runService({ name: 'aggregator', config: AggregatorConfig, run: startAggregator })
