import { createLogger } from '@weir/observability'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KnownModel, KnownProvider } from '../snapshot/catalog-state.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { Upstream, UpstreamRequest } from '../upstream/upstream.js'
import { ActiveChecks } from './active-checks.js'
import { Deployments } from './deployments.js'

const health = { consecutiveFailures: 1, ejectMs: 600_000, checkIntervalMs: 1_000 }
const deployment = {
  ...{ id: 'dep_1', name: 'd', tiers: [[{ model: 'm', weight: 1 }]], rules: [], fallbacks: [], health },
} as unknown as KnownDeployment
const model = { id: 'm', name: 'm' } as KnownModel

const providerOf = (type: string): KnownProvider => ({
  ...{ id: 'prov_1', organization: 'org_1', name: 'vendor', type, workspace: '', hasCredential: true },
  ...{ baseUrl: 'http://vendor.test', apiVersion: '', region: 'us-east-1', authorization: 'Bearer secret' },
  ...{ credential: { kind: 'key', key: 'secret' }, credentialId: 'cred_1' },
})

/** How a target that was ejected does after one check that is answered with a status. */
function checked(type: string, status: number) {
  const provider = providerOf(type)
  const deployments = new Deployments(
    () => deployment,
    () => ({ model, provider }),
  )
  const calls: UpstreamRequest[] = []
  const upstream: Upstream = {
    call(request, handler) {
      calls.push(request)
      setImmediate(() => handler.onHead(status, {}))
      return { abort: () => undefined, pause: () => undefined, resume: () => undefined }
    },
  }
  const state = deployments.stateOfTarget(model, provider)
  const checks = new ActiveChecks({
    ...{ deployments, list: () => [deployment], upstream, timeoutMs: 1_000 },
    logger: createLogger({ service: 'gateway', level: 'silent' }),
  })
  const run = async (wasEjected: boolean) => {
    if (wasEjected) state.noteCheck(false, Date.now(), health)
    checks.start()
    await vi.advanceTimersByTimeAsync(300)
    checks.close()
    return state.healthAt(Date.now())
  }
  return { calls, run }
}

describe('a check without a request', () => {
  afterEach(() => void vi.useRealTimers())

  it.each([
    ['openai', 200, 'probing', 'healthy'],
    ['openai', 429, 'probing', 'healthy'],
    ['openai', 401, 'ejected', 'ejected'],
    ['openai', 503, 'ejected', 'ejected'],
    // Whom it may tell what models there are is another matter than whom it serves.
    ['bedrock', 403, 'probing', 'healthy'],
    ['bedrock', 503, 'ejected', 'ejected'],
    ['sandbox', 0, 'probing', 'healthy'],
  ])('of %s that answers with %i', async (type, status, ofEjected, ofHealthy) => {
    vi.useFakeTimers()
    expect(await checked(type, status).run(true)).toBe(ofEjected)
    expect(await checked(type, status).run(false)).toBe(ofHealthy)
  })

  it('asks Amazon without a credential, and a sandbox not at all', async () => {
    vi.useFakeTimers()
    const [bedrock, sandbox] = [checked('bedrock', 403), checked('sandbox', 0)]
    await bedrock.run(false)
    await sandbox.run(false)
    expect(bedrock.calls.map(({ headers }) => Object.keys(headers))).toEqual([['accept', 'user-agent']])
    expect(sandbox.calls).toEqual([])
  })
})
