import 'reflect-metadata'
import { runService } from '@weir/http'
import { CatalogConfig } from './config.js'
import { startCatalog } from './start.js'

await runService({ name: 'catalog', config: CatalogConfig, run: startCatalog })
