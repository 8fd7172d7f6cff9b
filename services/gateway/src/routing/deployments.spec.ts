import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { InferenceCall } from '../inference/endpoint.js'
import type { AttemptFailure } from '../inference/failure.js'
import type { KnownDeployment, KnownFallback } from '../snapshot/known-deployment.js'
import { Deployments } from './deployments.js'

const error = AppError.of('provider_error', { provider: 'p', reason: 'x' })
const failureOf = (cause: AttemptFailure['cause']): AttemptFailure => ({
  ...{ error, remedy: 'elsewhere', isUnsent: false, cause },
})

const call = { document: { model: 'd' }, headers: {}, body: Buffer.from('{}') } as unknown as InferenceCall

const deploymentOf = (
  id: string,
  models: string[],
  fallbacks: Partial<KnownFallback>[],
): KnownDeployment => ({
  ...{ id, organization: 'org_1', workspace: 'ws_1', name: id, strategy: 'weighted_round_robin' },
  tiers: models.map((model) => [{ model, weight: 1 }]),
  fallbacks: fallbacks.map((fallback) => ({ model: '', deployment: '', on: 'any', ...fallback })),
  ...{ rules: [], retries: { max: 0, budgetRatio: 1 }, timeoutMs: 0, hedgeAfterMs: 0, sticky: undefined },
  ...{ cache: undefined, joinIdentical: false, plugins: [], created: 0 },
  health: { consecutiveFailures: 5, ejectMs: 1_000, checkIntervalMs: 0 },
})

/** The models that a request for the first deployment tries, when all fail for one cause after the other. */
function tried(known: KnownDeployment[], ...causes: AttemptFailure['cause'][]): string[] {
  const [first] = known
  const deployments = new Deployments(
    (id) => known.find((one) => one.id === id),
    () => undefined,
  )
  const toRoute = (id: string) => ({ model: { id }, provider: { credentialId: 'c' } }) as AdmittedRoute
  const plan = first && deployments.plan(first, call, toRoute, () => 1)
  const models: string[] = []
  let route = plan?.route
  for (const cause of causes) {
    if (!plan || !route) break
    models.push(route.model.id)
    plan.begin(route)
    const next = plan.after(route, failureOf(cause))
    plan.over(route, failureOf(cause))
    route = next?.route
  }
  return route ? [...models, route.model.id] : models
}

describe('the fallbacks of a deployment', () => {
  it('may be its own targets', () => {
    const one = deploymentOf('d', ['small', 'large'], [{ model: 'large', on: 'context_window_exceeded' }])
    expect(tried([one], 'context_window_exceeded')).toEqual(['small', 'large'])
    expect(tried([one], 'other')).toEqual(['small', 'large'])
    expect(tried([one], 'content_filter')).toEqual(['small'])
  })

  it('may be there for several causes', () => {
    const one = deploymentOf(
      'd',
      ['small'],
      [
        { model: 'large', on: 'context_window_exceeded' },
        { model: 'large', on: 'content_filter' },
      ],
    )
    expect(tried([one], 'context_window_exceeded')).toEqual(['small', 'large'])
    expect(tried([one], 'content_filter')).toEqual(['small', 'large'])
    expect(tried([one], 'other')).toEqual(['small'])
  })

  it('are those of another deployment for no more than that one is there for', () => {
    const known = [
      deploymentOf('d', ['a'], [{ deployment: 'e', on: 'content_filter' }]),
      deploymentOf('e', ['b'], [{ model: 'c' }]),
    ]
    expect(tried(known, 'other')).toEqual(['a'])
    expect(tried(known, 'content_filter', 'other')).toEqual(['a', 'b', 'c'])
  })
})
