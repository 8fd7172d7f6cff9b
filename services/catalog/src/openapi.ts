import type { OpenAPIObject } from '@nestjs/swagger'
import type { Bus } from '@weir/bus'
import { dataSourceOptions, State } from '@weir/database'
import { describeRest } from '@weir/http'
import { createLogger } from '@weir/observability'
import { Keyring } from '@weir/secrets'
import { AddressPolicy } from '@weir/upstream-address'
import { DataSource } from 'typeorm'
import { AppModule } from './app.module.js'
import { entities } from './entities.js'
import { toMessage } from './snapshot/catalog-changed.js'
import { catalogKinds } from './snapshot/catalog-kinds.js'

/** OpenAPI of the catalog's REST; needs neither configuration nor a database. */
export function describeService(): Promise<OpenAPIObject> {
  const dataSource = new DataSource(
    dataSourceOptions({ url: '', schema: 'catalog', entities, migrations: [] }),
  )
  const logger = createLogger({ service: 'catalog', level: 'silent' })
  const notAsked = () => Promise.reject(new Error('Only described.'))
  return describeRest(
    AppModule.forRoot({
      config: { masterKey: '', internalSecret: '' },
      keyring: new Keyring(`1:${Buffer.alloc(32).toString('base64')}`),
      addressPolicy: new AddressPolicy([]),
      state: new State({ dataSource, bus: {} as Bus, entities, kinds: catalogKinds, toMessage, logger }),
      identity: {
        ...{ listReferences: notAsked, getWorkspace: notAsked, listRetentions: notAsked },
        ...{ findGoneWorkspaces: notAsked, close: () => undefined },
      },
      checkCredential: notAsked,
    }),
  )
}
