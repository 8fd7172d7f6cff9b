import { Injectable } from '@nestjs/common'
import type { policyV1 } from '@weir/contracts'
import { ChangeFeed, entityKind } from '@weir/database'
import { DataSource } from 'typeorm'
import { ServiceLog } from '../service-log.js'
import { failsOpen, isActing, Policy } from './policy.entity.js'

/** Streams policies to gateways, and to this service's own evaluation. */
@Injectable()
export class PolicyFeed extends ChangeFeed<Policy> {
  constructor(dataSource: DataSource, { logger }: ServiceLog) {
    super(dataSource, [entityKind('policy', Policy, (policy) => policy)], (err) =>
      logger.warn({ err }, 'The policies could not be read for their watchers; trying again.'),
    )
  }
}

/** Where a policy applies, as gateways get it. */
export function toProto(policy: Policy): policyV1.PolicyScope {
  const { id, organization, workspace, repository, appliesTo } = policy
  return {
    policy: id,
    organization,
    workspace: workspace ?? '',
    appliesToInput: appliesTo !== 'output',
    appliesToOutput: appliesTo !== 'input',
    repository: repository ?? '',
    deployments: policy.deployments,
    workloads: policy.workloads,
    models: policy.models,
    name: policy.name,
    mode: policy.mode,
    isActing: isActing(policy),
    failsOpen: failsOpen(policy),
    revision: policy.version,
  }
}
