import type { OpenAPIObject } from '@nestjs/swagger'
import type { Bus } from '@weir/bus'
import { dataSourceOptions, Outbox } from '@weir/database'
import { describeRest } from '@weir/http'
import { DataSource } from 'typeorm'
import { AppModule } from './app.module.js'

/** OpenAPI of the aggregator's REST; needs neither configuration nor a database. */
export function describeService(): Promise<OpenAPIObject> {
  const dataSource = new DataSource(
    dataSourceOptions({ url: '', schema: 'aggregator', entities: [], migrations: [] }),
  )
  const outbox = new Outbox(dataSource, {} as Bus, () => undefined)
  const checkCredential = () => Promise.reject(new Error('Only described.'))
  return describeRest(AppModule.forRoot({ config: { masterKey: '' }, dataSource, outbox, checkCredential }))
}
