import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

const limits = {
  rpm_limit: 60,
  tpm_limit: 1000,
  input_tpm_limit: 600,
  output_tpm_limit: 400,
  max_parallel_requests: 3,
}
const rates = {
  requestsPerMinute: 60,
  tokensPerMinute: 1000,
  inputTokensPerMinute: 600,
  outputTokensPerMinute: 400,
  parallelRequests: 3,
}

describe('rate limits', () => {
  let identity: RunningIdentity
  let watcher: Watcher
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'home' })
    watcher = new Watcher(identity)
    await watcher.synced()
  })
  afterAll(async () => {
    watcher.stop()
    await identity.stop()
  })

  it.each([
    ['team', '/v1/teams', { name: 'sales' }],
    ['workspace', '/v1/workspaces', { name: 'production' }],
    ['workload', '/v1/workloads', { name: 'Bot', workspace: 'home', models: [] }],
    ['virtualKey', '/v1/keys', { name: 'k', workspace: 'home' }],
  ] as const)('of a %s are kept, shown, watched and removed', async (kind, path, fields) => {
    const made = await identity.create<{ id: string }>(path, { ...fields, ...limits })
    expect(made).toMatchObject(limits)
    const name = `${kind === 'virtualKey' ? 'virtual_key' : kind} ${made.id}`
    await watcher.sees(name, { timeoutMs: 1_000 })
    expect(watcher.get(kind, made.id)?.rates).toEqual(rates)

    const { body } = await identity.call('PATCH', `${path}/${made.id}`, {
      rpm_limit: null,
      max_parallel_requests: 5,
    })
    expect(body).toMatchObject({ ...limits, rpm_limit: null, max_parallel_requests: 5 })
    const refused = await identity.call('PATCH', `${path}/${made.id}`, { output_tpm_limit: 0 })
    expect(refused.status).toBe(400)
  })

  it('of the organization are kept and watched, and its name stays', async () => {
    const { status, body } = await identity.call('PATCH', '/v1/organizations/org_default', limits)
    expect([status, body.name]).toEqual([200, 'default'])
    expect(body).toMatchObject(limits)
    const later = new Watcher(identity)
    await later.synced()
    expect(later.get('organization', 'org_default')?.rates).toEqual(rates)
    later.stop()
  })
})
