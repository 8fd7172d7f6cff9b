import { usageUnitTable } from '@weir/rating'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { priceOf } from '../testing/fake-catalog.js'
import { type Reply, RunningMetering } from '../testing/running-metering.js'
import { settledEvent } from '../testing/settled-event.js'
import type { AttemptResponse } from './request-log.dto.js'

describe('GET /v1/requests', () => {
  let metering: RunningMetering

  beforeAll(async () => {
    metering = await RunningMetering.start()
    metering.catalog.prices.set(
      'price_1',
      priceOf('price_1', { input: 1_000_000_000n, output: 2_000_000_000n }),
    )
    const retried = { requestId: 'req_retried', team: 'search', model: 'large' }
    await metering.publish([
      // Ten attempts of each second, so that pages end between rows of one time.
      ...Array.from({ length: 100 }, (_, index) =>
        settledEvent({
          startedAt: new Date(Date.UTC(2026, 2, 10, 10, 0, Math.floor(index / 10))).toISOString(),
          workload: index % 4 === 0 ? '' : 'chatbot',
        }),
      ),
      settledEvent({
        ...retried,
        attempt: 1,
        outcome: 'failed',
        upstreamStatus: 503,
        errorCode: 'provider_error',
        firstByteMs: 0,
      }),
      settledEvent({
        ...retried,
        attempt: 2,
        outcome: 'succeeded',
        priceId: 'price_1',
        startedAt: '2026-03-10T10:20:33Z',
      }),
      settledEvent({ requestId: 'req_foreign', organization: 'org_other' }),
    ])
    await metering.idle()
  })

  afterAll(() => metering.stop())

  it('shows every field of an attempt, and none of what was said', async () => {
    const [row] = await metering.requests('request_id=req_retried&outcome=succeeded')
    expect(row).toEqual({
      ...Object.fromEntries(usageUnitTable.map(({ field }) => [field, 0])),
      service_tier: null,
      deployment: null,
      repository: null,
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      request_id: 'req_retried',
      attempt: 2,
      started_at: '2026-03-10T10:20:33.000Z',
      ended_at: '2026-03-10T10:20:31.000Z',
      organization: 'org_default',
      team: 'search',
      team_path: 'all/payments',
      workspace: 'ws_main',
      workload: 'chatbot',
      virtual_key: 'key_1',
      endpoint: 'chat',
      model: 'large',
      provider_model: 'small-2026',
      provider: 'sandbox',
      provider_id: 'prov_1',
      price_id: 'price_1',
      outcome: 'succeeded',
      upstream_status: 200,
      error_code: null,
      streamed: false,
      usage_source: 'reported',
      input_tokens: 100,
      cached_input_tokens: 0,
      cache_write_tokens: 0,
      output_tokens: 10,
      reasoning_tokens: 0,
      first_byte_ms: 12,
      duration_ms: 544,
      rating_status: 'rated',
      cost_usd: '0.000120000',
    })
  })

  it('shows the newest first, each once, whatever the size of a page', async () => {
    const all = await metering.requests()
    expect(all).toHaveLength(102)
    const order = all.map(({ started_at, event_id }) => `${started_at} ${event_id}`)
    expect(order).toEqual([...order].sort().reverse())
    for (const limit of [1, 7, 102]) {
      const paged: AttemptResponse[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const query: string = `start=2026-01-01&end=2027-01-01&limit=${limit}${cursor && `&cursor=${cursor}`}`
        const page: Reply<AttemptResponse> = await metering.get<AttemptResponse>(`/v1/requests?${query}`)
        paged.push(...page.data)
        cursor = page.next_cursor
      }
      expect(paged).toEqual(all)
    }
  })

  it.each([
    ['team=search', 2],
    ['team=search&outcome=failed', 1],
    ['outcome=failed&outcome=cut', 1],
    ['workload=', 25],
    ['model=large&model=small', 102],
    ['workspace=ws_main&provider=sandbox&key=key_1', 102],
    ['request_id=req_retried', 2],
    ['request_id=req_foreign', 0],
  ])('keeps to %s', async (filter, count) => expect(await metering.requests(filter)).toHaveLength(count))

  it('keeps to a period whose end is not in it', async () => {
    const { data } = await metering.get(
      '/v1/requests?start=2026-03-10T10:00:03Z&end=2026-03-10T10:00:05Z&limit=1000',
    )
    expect(data).toHaveLength(20)
  })

  it('gives all attempts of a request in their order', async () => {
    const { data, has_more } = await metering.get<AttemptResponse>('/v1/requests/req_retried')
    expect(data).toMatchObject([
      {
        attempt: 1,
        outcome: 'failed',
        upstream_status: 503,
        error_code: 'provider_error',
        first_byte_ms: null,
      },
      { attempt: 2, outcome: 'succeeded' },
    ])
    expect(has_more).toBe(false)
  })

  it('does not know a request of another organization, nor one that never was', async () => {
    for (const id of ['req_foreign', 'req_none', 'a%2Fb']) {
      expect(await metering.get(`/v1/requests/${id}`)).toMatchObject({
        status: 404,
        error: { code: 'request_not_found' },
      })
    }
  })

  it.each([
    ['cursor=nonsense', 'cursor'],
    [`cursor=${Buffer.from('["soon","x"]').toString('base64url')}`, 'cursor'],
    ['start=2027-01-01&end=2026-01-01', 'end'],
    ['limit=1001', 'limit'],
    ['group_by=team', 'group_by'],
  ])('refuses %s and names the parameter', async (query, field) => {
    const reply = await metering.get(`/v1/requests?${query}`)
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_request', param: field } })
  })
})
