import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ratedEvent } from '../testing/rated-event.js'
import { RunningAggregator } from '../testing/running-aggregator.js'

describe('GET /v1/costs', () => {
  let aggregator: RunningAggregator

  beforeAll(async () => {
    aggregator = await RunningAggregator.start()
    await aggregator.publish([
      ratedEvent({ team: 'all', teamPath: 'all', cost: '1', model: 'small', workload: '' }),
      ratedEvent({ team: 'payments', teamPath: 'all/payments', cost: '2', model: 'large' }),
      ratedEvent({
        team: 'cards',
        teamPath: 'all/payments/cards',
        cost: '4',
        startedAt: '2026-04-02T05:30:00Z',
      }),
      ratedEvent({ team: '', teamPath: '', cost: '8' }),
      ratedEvent({ organization: 'org_other', cost: '1000' }),
    ])
    await aggregator.idle()
  })

  afterAll(() => aggregator.stop())

  it('gives each group of the caller’s organization its row, and null for none', async () => {
    const rows = await aggregator.costs('group_by=team,workload')
    expect(rows.map(({ start, team, workload, cost_usd }) => ({ start, team, workload, cost_usd }))).toEqual([
      { start: '2026-01-01T00:00:00Z', team: null, workload: 'chatbot', cost_usd: '8.000000000' },
      { start: '2026-01-01T00:00:00Z', team: 'all', workload: null, cost_usd: '1.000000000' },
      { start: '2026-01-01T00:00:00Z', team: 'cards', workload: 'chatbot', cost_usd: '4.000000000' },
      { start: '2026-01-01T00:00:00Z', team: 'payments', workload: 'chatbot', cost_usd: '2.000000000' },
    ])
  })

  it('counts for a team all that is below it when asked to, tokens too', async () => {
    const rows = await aggregator.costs('group_by=team&include_descendants=true')
    expect(
      rows.map(({ team, attempts, input_tokens, cost_usd }) => [team, attempts, input_tokens, cost_usd]),
    ).toEqual([
      [null, 1, 100, '8.000000000'],
      ['all', 3, 300, '7.000000000'],
      ['cards', 1, 100, '4.000000000'],
      ['payments', 2, 200, '6.000000000'],
    ])
    const payments = await aggregator.costs(
      'group_by=team&include_descendants=true&team=payments&interval=month',
    )
    expect(payments.map(({ start, cost_usd }) => [start, cost_usd])).toEqual([
      ['2026-03-01T00:00:00Z', '2.000000000'],
      ['2026-04-01T00:00:00Z', '4.000000000'],
    ])
  })

  it('has no cost twice: descendants need the team in the group', async () => {
    const reply = await aggregator.get('/v1/costs?include_descendants=true&group_by=model')
    expect(reply).toMatchObject({
      status: 400,
      error: { code: 'invalid_request', errors: [{ field: 'include_descendants' }] },
    })
  })

  it.each([
    ['whole months', '2026-03-01', '2026-05-01', '15.000000000'],
    ['months and days', '2026-03-01', '2026-04-03', '15.000000000'],
    ['days', '2026-03-10', '2026-04-02', '11.000000000'],
    ['hours up to a day', '2026-03-10T11:00:00Z', '2026-04-03', '4.000000000'],
    ['hours of one day', '2026-04-02T05:00:00Z', '2026-04-02T06:00:00Z', '4.000000000'],
    ['a part of an hour, rounded outwards', '2026-04-02T05:59:00Z', '2026-04-02T05:59:01Z', '4.000000000'],
    ['the hour after', '2026-04-02T06:00:00Z', '2026-04-02T07:00:00Z', undefined],
  ])('sums %s', async (_, start, end, cost) => {
    for (const interval of ['', '&interval=hour', '&interval=day', '&interval=month']) {
      const { data } = await aggregator.get(`/v1/costs?start=${start}&end=${end}${interval}`)
      const sum = data.reduce((sum, row) => sum + BigInt(row.cost_usd.replace('.', '')), 0n)
      expect([interval, sum]).toEqual([interval, BigInt(cost?.replace('.', '') ?? 0)])
    }
  })

  it('refuses who has no master key', async () => {
    expect(await aggregator.get('/v1/costs', {})).toMatchObject({
      status: 401,
      error: { code: 'missing_api_key' },
    })
    expect(await aggregator.get('/v1/costs', { authorization: 'Bearer mk_wrong' })).toMatchObject({
      status: 401,
      error: { code: 'invalid_api_key' },
    })
    expect(await aggregator.get('/v1/costs', { authorization: 'Bearer vk_some' })).toMatchObject({
      status: 403,
    })
  })
})
