import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningMetering } from '../testing/running-metering.js'
import { settledEvent } from '../testing/settled-event.js'
import type { ProviderStatsResponse } from './stats.dto.js'

const at = (hour: number) => ({ startedAt: new Date(Date.UTC(2026, 2, 10, hour, 30)).toISOString() })

describe('statistics', () => {
  let metering: RunningMetering
  beforeAll(async () => {
    metering = await RunningMetering.start()
    const { resources } = metering.catalog
    resources.set('provider/acme', { id: 'prov_1', name: 'acme', workspace: '' })
    resources.set('provider/prov_1', { id: 'prov_1', name: 'acme', workspace: '' })
    resources.set('provider/unused', { id: 'prov_2', name: 'unused', workspace: '' })
    resources.set('repository/research', { id: 'repo_1', name: 'research', workspace: 'ws_main' })
    const acme = { provider: 'acme', inputTokens: 10, outputTokens: 1, ...at(5) }
    await metering.publish([
      settledEvent({ ...acme, repository: 'research', deployment: 'assistant' }),
      settledEvent({ ...acme, repository: 'research', outcome: 'failed', upstreamStatus: 500 }),
      settledEvent({ ...acme, attempt: 2, outcome: 'timed_out' }),
      settledEvent({ ...acme, outcome: 'cut', ...at(9) }),
      settledEvent({ ...acme, outcome: 'client_closed' }),
      settledEvent({ ...acme, provider: 'other', repository: 'other' }),
      settledEvent({ ...acme, organization: 'org_other', repository: 'research' }),
    ])
    await metering.idle()
  })
  afterAll(() => metering.stop())

  const get = (path: string, query = 'start=2026-03-10&end=2026-03-11') =>
    metering.get(`/v1/${path}/stats?${query}`) as Promise<unknown> as Promise<
      ProviderStatsResponse & { status: number; error?: { code: string } }
    >

  it('of a provider count requests, tokens and errors', async () => {
    const found = await get('providers/acme')
    expect(found).toMatchObject({
      ...{ object: 'provider.stats', id: 'prov_1', name: 'acme', start: '2026-03-10T00:00:00Z' },
      ...{ requests: 4, attempts: 5, input_tokens: 50, output_tokens: 5, errors: 3, policy_violations: 0 },
      ...{ cost_usd: '0.000000000', unpriced_attempts: 0 },
    })
    expect(await get('providers/prov_1')).toEqual(found)
  })

  it('are of whole hours', async () => {
    const hours = 'start=2026-03-10T05:10:00Z&end=2026-03-10T05:50:00Z'
    expect(await get('providers/acme', hours)).toMatchObject({
      ...{ attempts: 4, errors: 2, start: '2026-03-10T05:00:00Z', end: '2026-03-10T06:00:00Z' },
    })
  })

  it('are zero where nothing was used', async () => {
    expect(await get('providers/unused')).toMatchObject({
      status: 200,
      requests: 0,
      errors: 0,
      input_tokens: 0,
    })
  })

  it('of a repository count what was sent below it', async () => {
    expect(await get('repositories/research')).toMatchObject({
      ...{ object: 'repository.stats', id: 'repo_1', requests: 2, attempts: 2, errors: 1, input_tokens: 20 },
    })
  })

  it('stand with each attempt', async () => {
    const found = await metering.requests('provider=acme')
    expect(found.filter(({ repository }) => repository === 'research')).toHaveLength(2)
    expect(found.filter(({ deployment }) => deployment === 'assistant')).toHaveLength(1)
  })

  it('are of what there is, for nobody without a credential, and not of what cannot be found out', async () => {
    const none = await get('providers/none')
    expect([none.status, none.error?.code]).toEqual([404, 'provider_not_found'])
    const nothing = await get('repositories/none')
    expect([nothing.status, nothing.error?.code]).toEqual([404, 'repository_not_found'])
    expect((await metering.get('/v1/providers/acme/stats', {})).status).toBe(401)
    expect((await get('providers/acme', 'start=tomorrow')).status).toBe(400)
    metering.catalog.failWith = status.UNAVAILABLE
    const away = await get('providers/acme')
    metering.catalog.failWith = undefined
    expect([away.status, away.error?.code]).toEqual([503, 'service_unavailable'])
  })
})
