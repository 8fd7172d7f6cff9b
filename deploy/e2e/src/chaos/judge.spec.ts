import type { BusinessUnitCostRolledUp, RequestSettled, UsageRated } from '@weir/contracts'
import { formatUsd, type Price, rate } from '@weir/rating'
import { describe, expect, it } from 'vitest'
import type { Evidence, FullReportRow, LedgerRow } from './evidence.js'
import { judge } from './judge.js'
import { expectedUsage, type PlannedRequest } from './plan.js'
import { figuresOf } from './result.js'

const price: Price = {
  id: '',
  effectiveFromMs: 0,
  rates: [
    { unit: 'input', nanoUsdPerMillion: 2_500_000_001n, aboveInputTokens: 0n },
    { unit: 'output', nanoUsdPerMillion: 9_999_999_999n, aboveInputTokens: 0n },
  ],
}

/** Two attempts of a team and one of its parent, all in one hour. */
const soundEvidence = (): Evidence => {
  const ledger = [rowOf(0, 'shop'), rowOf(1, 'shop'), rowOf(2, 'company')]
  const report = (start: string): FullReportRow[] => [
    reportRow(start, { team: 'shop' }, ledger.slice(0, 2)),
    reportRow(start, { team: 'company' }, ledger.slice(2)),
  ]
  const withDescendants = (start: string): FullReportRow[] => [
    reportRow(start, { team: 'shop' }, ledger.slice(0, 2)),
    reportRow(start, { team: 'company' }, ledger),
  ]
  return {
    models: [{ name: 'm', hasDetails: false, price }],
    clients: [0, 1, 2].map((index) => ({ request: requestOf(index), result: 'whole', detail: '' })),
    upstream: ledger.map(({ eventId }) => ({ attemptId: eventId, status: 200 })),
    ledger,
    requestSettled: ledger.map(({ eventId }) => ({ eventId }) as RequestSettled),
    usageRated: ledger.map(
      ({ eventId, costNanoUsd }) => ({ eventId, cost: formatUsd(costNanoUsd ?? 0n) }) as UsageRated,
    ),
    rolledUp: Object.entries(starts).flatMap(([interval, start]) => [
      rolledUp({ interval, start, team: 'shop' }, ledger.slice(0, 2), ledger.slice(0, 2)),
      rolledUp({ interval, start, team: 'company' }, ledger.slice(2), ledger),
    ]),
    deadLetters: 0,
    usage: report(starts.hour),
    costs: { hour: report(starts.hour), day: report(starts.day), month: report(starts.month) },
    costsWithDescendants: {
      hour: withDescendants(starts.hour),
      day: withDescendants(starts.day),
      month: withDescendants(starts.month),
    },
    journals: { 'gateway-1': 0 },
  }
}

describe('judge', () => {
  it('finds nothing where everything agrees', () => expect(judge(soundEvidence())).toEqual([]))

  it('does not mind copies on the topics', () => {
    const evidence = soundEvidence()
    evidence.requestSettled.push(...evidence.requestSettled)
    evidence.usageRated.push(...evidence.usageRated)
    expect(judge(evidence)).toEqual([])
  })

  it('finds a call that the ledger lacks', () => {
    const evidence = soundEvidence()
    evidence.upstream.push({ attemptId: 'event-lost', status: 200 })
    expect(judge(evidence)).toEqual([
      {
        what: 'calls that the upstream received and the ledger lacks: lost',
        count: 1,
        first: ['event-lost'],
      },
    ])
  })

  it('finds a call that was made twice', () => {
    const evidence = soundEvidence()
    evidence.upstream.push(evidence.upstream[0]!)
    expect(whats(evidence)).toEqual(['calls that the upstream received twice'])
  })

  it('excuses a row whose call was never received only when its gateway died or its caller left', () => {
    const evidence = soundEvidence()
    evidence.upstream.pop()
    expect(whats(evidence)[0]).toMatch(/^rows whose call the upstream never received/)
    Object.assign(evidence.ledger[2]!, { outcome: 'interrupted', upstreamStatus: 0 })
    evidence.clients.pop()
    expect(whats(evidence)).toEqual(['interrupted attempts without an estimate of what was sent'])
    evidence.ledger[2]!.usageSource = 'estimated'
    expect(judge(evidence)).toEqual([])
  })

  it('finds an event that a topic lacks', () => {
    const evidence = soundEvidence()
    evidence.requestSettled.pop()
    evidence.usageRated.shift()
    expect(judge(evidence).map(({ what, first }) => [what, first])).toEqual([
      ['rows of the ledger that request-settled lacks', ['event-2']],
      ['rows of the ledger that usage-rated lacks', ['event-0']],
    ])
  })

  it('finds a cost that is wrong by a nano-dollar, everywhere where it is', () => {
    const evidence = soundEvidence()
    evidence.ledger[0]!.costNanoUsd! += 1n
    const found = whats(evidence)
    expect(found).toContain('rows whose cost is not what their tokens cost')
    expect(found).toContain('events of usage-rated with another cost than the ledger')
    expect(found).toContain('/v1/usage by hour is not the sum of the ledger')
    expect(found).toContain('/v1/costs by month is not the sum of the ledger')
    expect(found).toContain('the last message of a business unit is not the sum of the ledger')
  })

  it('finds a sum that has an attempt twice', () => {
    const evidence = soundEvidence()
    evidence.costs.day[0]!.attempts += 1
    const [found] = judge(evidence)
    expect(found?.what).toBe('/v1/costs by day is not the sum of the ledger')
    expect(found?.first[0]).toMatch(/shop .*: 2 requests, 3 attempts.*should be 2 requests, 2 attempts/)
  })

  it('finds a group that is missing, and one too many', () => {
    const evidence = soundEvidence()
    evidence.usage.pop()
    evidence.costs.hour.push({ ...evidence.costs.hour[0]!, team: 'stranger' })
    expect(judge(evidence).map(({ first }) => first[0])).toEqual([
      expect.stringMatching(/company.*: nothing, should be/),
      expect.stringMatching(/stranger.*should be nothing/),
    ])
  })

  it('finds a parent that lacks what is below it', () => {
    const evidence = soundEvidence()
    const company = evidence.rolledUp.find(({ team, interval }) => team === 'company' && interval === 'day')!
    company.costWithDescendants = company.cost
    expect(whats(evidence)).toEqual(['the last message of a business unit is not the sum of the ledger'])
  })

  it('takes the last message of a business unit and not the best', () => {
    const evidence = soundEvidence()
    evidence.rolledUp.push({ ...evidence.rolledUp[0]!, attempts: 1, revision: 1 })
    expect(whats(evidence)).toEqual([
      'the last message of a business unit is not the sum of the ledger',
      'the last message of a business unit has not its highest revision',
    ])
  })

  it('finds a whole reply whose tokens are not those of its row', () => {
    const evidence = soundEvidence()
    evidence.clients[1]!.request.reply.completion += 1
    expect(judge(evidence)).toMatchObject([
      { what: 'replies that came whole and are not in the ledger exactly', count: 1 },
    ])
  })

  it('finds a whole reply without a row', () => {
    const evidence = soundEvidence()
    evidence.clients.push({ request: requestOf(9), result: 'whole', detail: '' })
    expect(judge(evidence)[0]?.first).toEqual(['request-9: no row'])
  })

  it('finds refusals, leftovers and what was set aside', () => {
    const evidence = soundEvidence()
    evidence.clients.push({ request: requestOf(8), result: 'refused', detail: '503 service_unavailable' })
    evidence.journals['gateway-1'] = 4
    evidence.deadLetters = 2
    expect(judge(evidence)).toEqual([
      { what: 'messages that were set aside on a dead-letter topic', count: 2, first: [] },
      { what: 'requests that were refused', count: 1, first: ['request-8: 503 service_unavailable'] },
      { what: 'attempts left in the journal of gateway-1', count: 4, first: [] },
    ])
  })
})

describe('figuresOf', () => {
  it('counts copies apart and the top units with all below', () => {
    const evidence = soundEvidence()
    evidence.requestSettled.push(evidence.requestSettled[0]!)
    const figures = new Map(figuresOf(evidence).map((figure) => [figure.source, figure]))
    expect(figures.get('events of request-settled, by distinct id')).toMatchObject({
      attempts: 3,
      note: '1 copies besides',
    })
    const cost = figures.get('rows of the ledger')?.costNanoUsd
    expect(figures.get('… with all below, of the units at the top')?.costNanoUsd).toBe(cost)
    expect(figures.get('last messages of business units by day')).toMatchObject({
      attempts: 3,
      costNanoUsd: cost,
    })
  })
})

const starts = { hour: '2026-03-04T05:00:00Z', day: '2026-03-04T00:00:00Z', month: '2026-03-01T00:00:00Z' }

const whats = (evidence: Evidence): string[] => judge(evidence).map(({ what }) => what)

function requestOf(index: number): PlannedRequest {
  return {
    ...{
      requestId: `request-${index}`,
      key: 0,
      model: 0,
      streamed: false,
      showsUsage: true,
      ownConnection: false,
    },
    reply: { prompt: 1_000 + index, cached: 0, completion: 100 + index, reasoning: 0, chunks: 4 },
  }
}

function rowOf(index: number, team: string): LedgerRow {
  const usage = expectedUsage(requestOf(index).reply)
  return {
    ...{ eventId: `event-${index}`, requestId: `request-${index}`, attempt: 1, ...usage },
    ...{
      startedAtMs: Date.parse('2026-03-04T05:06:07Z'),
      team,
      teamPath: team === 'company' ? team : `company/${team}`,
    },
    ...{ workspace: 'w', workload: '', model: 'm', provider: 'p', virtualKey: 'k', outcome: 'succeeded' },
    ...{ upstreamStatus: 200, streamed: false, usageSource: 'reported', ratingStatus: 'rated' },
    costNanoUsd: rate(usage, price),
  }
}

const costOf = (rows: LedgerRow[]): string =>
  formatUsd(rows.reduce((sum, row) => sum + (row.costNanoUsd ?? 0n), 0n))

function tokensOf(rows: LedgerRow[]) {
  return {
    requests: rows.length,
    attempts: rows.length,
    input: rows.reduce((sum, row) => sum + row.inputTokens, 0),
    output: rows.reduce((sum, row) => sum + row.outputTokens, 0),
  }
}

function reportRow(start: string, { team }: { team: string }, rows: LedgerRow[]): FullReportRow {
  const { requests, attempts, input, output } = tokensOf(rows)
  return {
    ...{
      start,
      team,
      workspace: 'w',
      workload: null,
      model: 'm',
      provider: 'p',
      key: 'k',
      requests,
      attempts,
    },
    ...{ input_tokens: input, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: output },
    ...{ reasoning_tokens: 0, unpriced_attempts: 0, cost_usd: costOf(rows) },
  }
}

function rolledUp(
  { interval, start, team }: { interval: string; start: string; team: string },
  own: LedgerRow[],
  all: LedgerRow[],
): BusinessUnitCostRolledUp {
  const { requests, attempts, input, output } = tokensOf(own)
  return {
    ...{
      eventId: `${interval}-${team}`,
      rolledUpAt: start,
      organization: 'o',
      team,
      interval,
      start,
      revision: 3,
    },
    ...{ teamPath: team === 'company' ? team : `company/${team}`, requests, attempts, inputTokens: input },
    ...{ cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: output, reasoningTokens: 0 },
    ...{ cost: costOf(own), costWithDescendants: costOf(all), currency: 'USD' },
  }
}
