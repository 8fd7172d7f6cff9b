import { currentTraceparent } from '@weir/observability'
import { randomUUID } from 'node:crypto'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { Hold } from '../admission/money.js'
import type { AttemptStart } from '../journal/attempt.js'
import { findPrice } from '../snapshot/catalog-state.js'
import type { EndpointName } from './endpoint.js'
import { countsOf, estimateTokens, type Usage } from './usage.js'

/** A UUID of version 7: unique, and in the order of time. */
export function newAttemptId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** What the journal notes of an attempt before its call. */
export function toAttemptStart(
  { key, team, model, provider, deployment, repository }: AdmittedRoute,
  { startedAtMs: now, document, record }: Hold,
  attempt: {
    id: string
    number: number
    requestId: string
    endpoint: EndpointName
    bytes: number
    expected?: Usage | undefined
  },
): AttemptStart {
  // A route is found only for a model with a price in force.
  const priceId = model.free ? '' : (findPrice(model, now)?.id ?? '')
  const traceparent = currentTraceparent()
  return {
    eventId: attempt.id,
    requestId: attempt.requestId,
    attempt: attempt.number,
    startedAt: new Date(now).toISOString(),
    organization: key.organization,
    team: key.team,
    teamPath: team.path,
    workspace: key.workspace,
    workload: key.workload,
    virtualKey: key.id,
    endpoint: attempt.endpoint,
    model: model.name,
    providerModel: model.providerModel,
    provider: provider.name,
    providerId: provider.id,
    priceId,
    streamed: document.stream === true,
    deployment,
    repository,
    estimatedInputTokens: estimateTokens(attempt.bytes),
    ...(attempt.expected && { expectedUsage: countsOf(attempt.expected) }),
    ...record,
    ...(traceparent && { traceparent }),
  }
}
