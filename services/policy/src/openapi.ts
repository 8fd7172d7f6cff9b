import type { OpenAPIObject } from '@nestjs/swagger'
import type { Bus } from '@weir/bus'
import { dataSourceOptions, State } from '@weir/database'
import { describeRest } from '@weir/http'
import { createLogger } from '@weir/observability'
import { DataSource } from 'typeorm'
import { Budget } from './budget/budget.entity.js'
import { budgetKinds } from './budget/budget-kind.js'
import { Policy, PolicyVersion } from './policy/policy.entity.js'
import { toMessage } from './policy-changed.js'
import { PolicyModule } from './policy.module.js'
import { Violation } from './violation/violation.entity.js'

/** OpenAPI of the policy service's REST; needs neither configuration nor a database. */
export function describeService(): Promise<OpenAPIObject> {
  const entities = [Budget, Policy, PolicyVersion, Violation]
  const dataSource = new DataSource(
    dataSourceOptions({ url: '', schema: 'policy', entities, migrations: [] }),
  )
  const logger = createLogger({ service: 'policy', level: 'silent' })
  const state = new State({ dataSource, bus: {} as Bus, entities, kinds: budgetKinds, toMessage, logger })
  const notAsked = () => {
    throw new Error('Only described.')
  }
  const config = { masterKey: '', internalSecret: '' }
  const identity = { watchIdentity: notAsked }
  return describeRest(PolicyModule.forRoot({ config, state, identity, checkCredential: notAsked, logger }))
}
