import { formatUsd, rate } from '@weir/rating'
import type { ClientOutcome } from './client.js'
import type { Evidence, LedgerRow } from './evidence.js'
import { intervals } from './evidence.js'
import { expectedUsage } from './plan.js'
import {
  businessUnitSums,
  differences,
  lastOfEachKey,
  reportedBusinessUnits,
  reportedSums,
  reportedTotals,
  sumByDimensions,
  totalsWithDescendants,
} from './sums.js'

/** Something that is not as it has to be. */
export interface Finding {
  what: string
  count: number
  /** The first few: event ids, request ids, or groups with both figures. */
  first: string[]
}

/** Under a hard budget nothing is let through that the policy service, which is killed too, cannot be asked for. */
const isWronglyRefused = ({ result, detail }: ClientOutcome): boolean =>
  result === 'refused' && !detail.startsWith('503 service_unavailable: A hard budget applies here')

const shown = 10

/** Compares everything that was counted. Empty: nothing was lost, and nothing counted twice. */
export function judge(evidence: Evidence): Finding[] {
  return [
    ...judgeAttempts(evidence),
    ...judgeTopics(evidence),
    ...judgeCosts(evidence),
    ...judgeReports(evidence),
    ...judgeClients(evidence),
    ...judgeRest(evidence),
  ].filter(({ count }) => count > 0)
}

/** Attempts that the ledger has and the upstream has not: journaled first, and then their process died. */
export function neverSent({ ledger, upstream }: Pick<Evidence, 'ledger' | 'upstream'>): LedgerRow[] {
  const called = new Set(upstream.map(({ attemptId }) => attemptId))
  return ledger.filter(({ eventId }) => !called.has(eventId))
}

function judgeAttempts(evidence: Evidence): Finding[] {
  const { ledger, upstream } = evidence
  const rows = new Set(ledger.map(({ eventId }) => eventId))
  const calls = upstream.map(({ attemptId }) => attemptId)
  const excused = new Set(['interrupted', 'client_closed'])
  return [
    finding(
      'calls that the upstream received and the ledger lacks: lost',
      calls.filter((id) => !rows.has(id)),
    ),
    finding('calls that the upstream received twice', repeated(calls)),
    finding(
      'rows whose call the upstream never received, and that are not of a gateway that died or a caller that left',
      neverSent(evidence)
        .filter(({ outcome, upstreamStatus }) => !excused.has(outcome) || upstreamStatus !== 0)
        .map(({ eventId, outcome, upstreamStatus }) => `${eventId} (${outcome}, status ${upstreamStatus})`),
    ),
    finding(
      'interrupted attempts without an estimate of what was sent',
      ledger
        .filter(({ outcome }) => outcome === 'interrupted')
        .filter(({ usageSource, inputTokens }) => usageSource !== 'estimated' || inputTokens === 0)
        .map(describe),
    ),
    finding('requests with more than one attempt', repeated(ledger.map(({ requestId }) => requestId))),
    finding(
      'attempts that the upstream answered and that failed all the same',
      ledger.filter(({ outcome }) => ['failed', 'timed_out', 'cut'].includes(outcome)).map(describe),
    ),
  ]
}

function judgeTopics({ ledger, requestSettled, usageRated, deadLetters }: Evidence): Finding[] {
  const rows = new Map(ledger.map((row) => [row.eventId, row]))
  const settled = new Set(requestSettled.map(({ eventId }) => eventId))
  const rated = new Set(usageRated.map(({ eventId }) => eventId))
  return [
    finding(
      'events of request-settled that the ledger lacks',
      [...settled].filter((id) => !rows.has(id)),
    ),
    finding(
      'rows of the ledger that request-settled lacks',
      [...rows.keys()].filter((id) => !settled.has(id)),
    ),
    finding(
      'events of usage-rated that the ledger lacks',
      [...rated].filter((id) => !rows.has(id)),
    ),
    finding(
      'rows of the ledger that usage-rated lacks',
      [...rows.keys()].filter((id) => !rated.has(id)),
    ),
    finding(
      'events of usage-rated with another cost than the ledger',
      usageRated
        .filter(({ eventId, cost }) => rows.has(eventId) && cost !== costText(rows.get(eventId)?.costNanoUsd))
        .map(
          ({ eventId, cost }) => `${eventId} (${cost}, ledger ${costText(rows.get(eventId)?.costNanoUsd)})`,
        ),
    ),
    { what: 'messages that were set aside on a dead-letter topic', count: deadLetters, first: [] },
  ]
}

function judgeCosts({ ledger, models }: Evidence): Finding[] {
  const prices = new Map(models.map(({ name, price }) => [name, price]))
  const expected = (row: LedgerRow): bigint => {
    const price = prices.get(row.model)
    return price ? rate(row, price) : 0n
  }
  return [
    finding(
      'rows whose cost is not what their tokens cost',
      ledger
        .filter((row) => row.costNanoUsd !== expected(row))
        .map((row) => `${row.eventId} (${costText(row.costNanoUsd)}, should be ${formatUsd(expected(row))})`),
    ),
  ]
}

function judgeReports({ ledger, usage, costs, costsWithDescendants, rolledUp }: Evidence): Finding[] {
  const last = lastOfEachKey(rolledUp)
  return [
    finding(
      '/v1/usage by hour is not the sum of the ledger',
      differences(sumByDimensions(ledger, 'hour'), reportedSums(usage)),
    ),
    ...intervals.flatMap((interval) => [
      finding(
        `/v1/costs by ${interval} is not the sum of the ledger`,
        differences(sumByDimensions(ledger, interval), reportedSums(costs[interval])),
      ),
      finding(
        `/v1/costs by ${interval} with the teams below is not the sum of the ledger`,
        differences(totalsWithDescendants(ledger, interval), reportedTotals(costsWithDescendants[interval])),
      ),
    ]),
    finding(
      'the last message of a business unit is not the sum of the ledger',
      differences(businessUnitSums(ledger), reportedBusinessUnits(last)),
    ),
    finding(
      'the last message of a business unit has not its highest revision',
      rolledUp
        .filter((event) => (last.get(keyOf(event))?.revision ?? 0) < event.revision)
        .map((event) => `${keyOf(event)} revision ${event.revision}`),
    ),
  ]
}

const keyOf = ({ organization, team, interval, start }: Evidence['rolledUp'][number]): string =>
  `${organization}/${team}/${interval}/${start}`

function judgeClients({ ledger, clients }: Evidence): Finding[] {
  const rows = new Map(ledger.map((row) => [row.requestId, row]))
  const whole = clients.filter(({ result }) => result === 'whole')
  const isExact = ({ request }: (typeof clients)[number]): boolean => {
    const row = rows.get(request.requestId)
    if (row?.outcome !== 'succeeded' || row.usageSource !== 'reported' || row.streamed !== request.streamed)
      return false
    return Object.entries(expectedUsage(request.reply)).every(
      ([kind, tokens]) => row[kind as keyof LedgerRow] === tokens,
    )
  }
  return [
    finding(
      'replies that came whole and are not in the ledger exactly',
      whole
        .filter((one) => !isExact(one))
        .map(({ request }) => {
          const row = rows.get(request.requestId)
          return row
            ? `${request.requestId}: ${describe(row)}, sent ${JSON.stringify(request.reply)}`
            : `${request.requestId}: no row`
        }),
    ),
    finding(
      'replies that came whole with something wrong in them',
      whole.filter(({ detail }) => detail !== '').map(explain),
    ),
    finding('requests that were refused', clients.filter(isWronglyRefused).map(explain)),
    finding(
      'replies that the client left and that are not in the ledger with what had come',
      clients
        .filter(({ result, request }) => result === 'hung_up' && !isOwed(rows.get(request.requestId)))
        .map(
          ({ request }) =>
            `${request.requestId}: ${rows.has(request.requestId) ? describe(rows.get(request.requestId)!) : 'no row'}`,
        ),
    ),
  ]
}

/** A stream that the client has seen a part of has an input and an output, however it went on. */
const isOwed = (row: LedgerRow | undefined): boolean =>
  row !== undefined &&
  row.inputTokens + row.cachedInputTokens > 0 &&
  (row.outputTokens + row.reasoningTokens > 0 || row.outcome === 'interrupted')

function judgeRest({ journals }: Evidence): Finding[] {
  return Object.entries(journals).map(([gateway, rows]) => ({
    what: `attempts left in the journal of ${gateway}`,
    count: rows,
    first: [],
  }))
}

const explain = ({ request, detail }: Evidence['clients'][number]): string =>
  `${request.requestId}: ${detail}`

const costText = (nano: bigint | undefined): string => (nano === undefined ? '' : formatUsd(nano))

function describe(row: LedgerRow): string {
  const { eventId, outcome, usageSource, inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = row
  return `${eventId} ${outcome} ${usageSource} ${inputTokens}+${cachedInputTokens} in, ${outputTokens}+${reasoningTokens} out`
}

function finding(what: string, offenders: string[]): Finding {
  return { what, count: offenders.length, first: offenders.slice(0, shown) }
}

function repeated(ids: string[]): string[] {
  const seen = new Set<string>()
  return ids.filter((id) => seen.size === seen.add(id).size)
}
