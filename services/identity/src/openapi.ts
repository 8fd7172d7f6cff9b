import type { OpenAPIObject } from '@nestjs/swagger'
import type { Bus } from '@weir/bus'
import { dataSourceOptions, State } from '@weir/database'
import { describeRest } from '@weir/http'
import { createLogger } from '@weir/observability'
import { DataSource } from 'typeorm'
import { AppModule } from './app.module.js'
import { entities } from './entities.js'
import { identityKinds } from './snapshot/identity-kinds.js'
import { toMessage } from './snapshot/identity-changed.js'

/** OpenAPI of identity's REST; needs neither configuration nor a database. */
export function describeService(): Promise<OpenAPIObject> {
  const dataSource = new DataSource(
    dataSourceOptions({ url: '', schema: 'identity', entities, migrations: [] }),
  )
  const logger = createLogger({ service: 'identity', level: 'silent' })
  const state = new State({ dataSource, bus: {} as Bus, entities, kinds: identityKinds, toMessage, logger })
  const notAsked = () => Promise.reject(new Error('Only described.'))
  const catalog = {
    listReferences: notAsked,
    listWorkspaceModels: notAsked,
    getResource: notAsked,
    close: () => undefined,
  }
  const policy = { readBudgets: notAsked }
  const config = { masterKey: '', internalSecret: '', keyPepper: '' }
  return describeRest(AppModule.forRoot({ config, state, catalog, policy }))
}
