import type { UsageReportRow } from '@weir/http'
import { usageUnitTable } from '@weir/rating'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningMetering } from '../testing/running-metering.js'
import { settledEvent } from '../testing/settled-event.js'

const teams = ['cards', 'payments', 'search', '']
const models = ['large', 'small']

describe('GET /v1/usage', () => {
  let metering: RunningMetering

  beforeAll(async () => {
    metering = await RunningMetering.start()
    await metering.publish([
      ...Array.from({ length: 48 }, (_, index) =>
        settledEvent({
          team: teams[index % teams.length]!,
          model: models[index % models.length]!,
          workspace: `ws_${index % 3}`,
          workload: `load_${index % 5}`,
          provider: `provider_${index % 2}`,
          virtualKey: `key_${index % 6}`,
          startedAt: new Date(Date.UTC(2026, 2, 10, index)).toISOString(),
          inputTokens: 1,
        }),
      ),
      settledEvent({ organization: 'org_other', inputTokens: 1_000_000 }),
    ])
    await metering.idle()
  })

  afterAll(() => metering.stop())

  const period = '/v1/usage?start=2026-03-10&end=2026-03-12'
  const get = (query: string) => metering.get<UsageReportRow>(`${period}&${query}`)

  it('is one row for the whole period when nothing else is asked for, of the caller’s organization alone', async () => {
    const { data, has_more } = await get('')
    expect(data).toEqual([
      {
        start: '2026-03-10T00:00:00Z',
        requests: 48,
        attempts: 48,
        ...Object.fromEntries(usageUnitTable.map(({ field }) => [field, 0])),
        input_tokens: 48,
        output_tokens: 480,
        cost_usd: '0.000000000',
        unpriced_attempts: 0,
      },
    ])
    expect(has_more).toBe(false)
  })

  it('is empty, not zero, where nothing was used', async () => {
    expect(await metering.get('/v1/usage?start=2025-01-01&end=2025-02-01')).toMatchObject({
      object: 'list',
      data: [],
      has_more: false,
      next_cursor: null,
    })
  })

  it('names the interval and each dimension that was asked for, in rows that add up', async () => {
    const { data } = await get('interval=day&group_by=team,workload,workspace,model,provider,key&limit=1000')
    expect(Object.keys(data[0]!).slice(0, 8)).toEqual([
      'start',
      'interval',
      'team',
      'workload',
      'workspace',
      'model',
      'provider',
      'key',
    ])
    expect(new Set(data.map(({ start }) => start))).toEqual(
      new Set(['2026-03-10T00:00:00Z', '2026-03-11T00:00:00Z']),
    )
    expect(data.reduce((sum, row) => sum + row.attempts, 0)).toBe(48)
    expect(data.some(({ team }) => team === null)).toBe(true)
  })

  it.each([
    ['team=cards', 12],
    ['team=cards&team=search', 24],
    ['team=', 12],
    ['workload=load_0', 10],
    ['workspace=ws_1', 16],
    ['model=large', 24],
    ['provider=provider_1', 24],
    ['key=key_3', 8],
    ['model=large&team=cards&key=key_0', 4],
    ['team=no-such-team', 0],
    ["team=' OR true --", 0],
  ])('keeps to %s', async (filter, attempts) => {
    const { data } = await get(filter)
    expect(data.reduce((sum, row) => sum + row.attempts, 0)).toBe(attempts)
  })

  it('pages through all rows once, in order, whatever the size of a page', async () => {
    const query = 'interval=hour&group_by=team,model'
    const all = (await get(`${query}&limit=1000`)).data
    expect(all).toHaveLength(48)
    expect(all.map(({ start }) => start)).toEqual(all.map(({ start }) => start).sort())
    for (const limit of [1, 7, 48]) {
      const paged: UsageReportRow[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page = await get(`${query}&limit=${limit}${cursor && `&cursor=${cursor}`}`)
        expect(page.data.length).toBeLessThanOrEqual(limit)
        expect(page.has_more).toBe(page.next_cursor !== null)
        paged.push(...page.data)
        cursor = page.next_cursor
      }
      expect(paged).toEqual(all)
    }
  })

  it('names every parameter that is wrong, at once', async () => {
    const reply = await metering.get(
      '/v1/usage?start=soon&end=2026-02-30&interval=week&group_by=tea&limit=0&colour=red',
    )
    expect(reply).toMatchObject({ status: 400, error: { code: 'invalid_request' } })
    const fields = reply.error?.errors?.map(({ field }) => field)
    expect(fields?.sort()).toEqual(['colour', 'end', 'group_by', 'interval', 'limit', 'start'])
  })

  it('refuses who has no master key', async () => {
    expect(await metering.get('/v1/usage', {})).toMatchObject({
      status: 401,
      error: { code: 'missing_api_key' },
    })
    const wrong = { authorization: 'Bearer mk_wrong' }
    expect(await metering.get('/v1/usage', wrong)).toMatchObject({
      status: 401,
      error: { code: 'invalid_api_key' },
    })
    const virtual = { 'x-api-key': 'vk_some' }
    expect(await metering.get('/v1/requests', virtual)).toMatchObject({
      status: 403,
      error: { code: 'endpoint_not_allowed' },
    })
  })
})
