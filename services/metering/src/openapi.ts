import type { OpenAPIObject } from '@nestjs/swagger'
import type { Bus } from '@weir/bus'
import { dataSourceOptions, Outbox } from '@weir/database'
import { describeRest } from '@weir/http'
import { DataSource } from 'typeorm'
import { AppModule, entities } from './app.module.js'

/** OpenAPI of metering's REST; needs neither configuration nor a database. */
export function describeService(): Promise<OpenAPIObject> {
  const dataSource = new DataSource(
    dataSourceOptions({ url: '', schema: 'metering', entities, migrations: [] }),
  )
  const outbox = new Outbox(dataSource, {} as Bus, () => undefined)
  const notAsked = () => Promise.reject(new Error('Only described.'))
  const catalog = { getPrice: notAsked }
  const resources = { getResource: notAsked }
  return describeRest(
    AppModule.forRoot({
      config: { masterKey: '' },
      dataSource,
      outbox,
      catalog,
      resources,
      checkCredential: notAsked,
    }),
  )
}
