import 'reflect-metadata'
import { runService } from '@weir/http'
import { AppModule } from './app.module.js'
import { CatalogConfig } from './config.js'
import { startCatalog } from './start.js'

await runService({
  name: 'catalog',
  config: CatalogConfig,
  check: (config) => AppModule.checkConfig(config),
  run: startCatalog,
})
