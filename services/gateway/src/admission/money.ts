import { createGrpcClient, type GrpcClient, type InternalTrust, policyV1, Watcher } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { counter, type Logger } from '@weir/observability'
import { type Price, rate, UnratedUnit } from '@weir/rating'
import type { GatewayConfig } from '../config.js'
import type { Usage } from '../inference/usage.js'
import type { AttemptStart } from '../journal/attempt.js'
import type { GatewayRuns } from '../journal/gateway-runs.js'
import type { RequestDocument } from '../inference/endpoint.js'
import { findPrice } from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { AdmittedRoute } from './admitted-route.js'
import { BudgetFile } from './budget-file.js'
import { BudgetState } from './budget-state.js'
import { EndedRuns } from './ended-runs.js'
import { boundOf } from './money-bound.js'
import { type Grant, MoneyExchange } from './money-exchange.js'
import type { LeasedBudget } from './money-lease.js'

const unchecked = counter(
  'weir_budget_unchecked_total',
  'Requests under a soft budget while the policy service could not be reached.',
)
const overBound = counter(
  'weir_budget_bill_over_bound_total',
  'Attempts that cost more than was held for them.',
  ['provider'],
)

/** Without a word from the policy service for so long it counts as gone; it speaks every 2 s. */
const silentMs = 6_000

/** How long a request waits for a budget that identity already knows of. */
const budgetDelayMs = 1_500

/** What the journal notes of an attempt's hold. */
export type HoldRecord = Pick<AttemptStart, 'gatewayRun' | 'budgets' | 'openHoldNanoUsd'>

/** Money for one attempt. */
export interface Hold {
  readonly startedAtMs: number
  /** What may be sent: with an output limit where a budget needs one. */
  readonly document: RequestDocument
  readonly record: HoldRecord
  /** The attempt is over, and the journal has it. Counts once. */
  settle(usage: Usage): void
}

/** The budgets that a key's requests count against. */
interface Line {
  team: TeamLine
  revision: number
  state: BudgetState
  hard: LeasedBudget[]
  /** Ids of the hard ones, as the event has them. */
  ids: string
  hasSoft: boolean
  /** Whose budget is not known here yet; undefined: nobody's. */
  lacking: string | undefined
}

const nothingHeld: HoldRecord = { gatewayRun: '', budgets: '', openHoldNanoUsd: '0' }

/** Knows the budgets, and holds money of them before a call. */
export class Money {
  readonly watcher: Watcher<policyV1.Budget, BudgetState>
  private readonly client: GrpcClient<typeof policyV1.BudgetServiceService>
  private readonly exchange: MoneyExchange
  private readonly file: BudgetFile
  private readonly lines = new WeakMap<KnownKey, Line>()
  private readonly gatewayRun: string
  private readonly endedRuns: EndedRuns
  /** What the disk has. */
  private saved: { state: BudgetState | undefined; revision: number } = { state: undefined, revision: 0 }

  constructor(
    private readonly config: GatewayConfig & InternalTrust,
    /** Teams and keys, as `key/…`, of which identity says that they have a budget of their own. */
    private readonly ownBudgets: () => ReadonlySet<string>,
    runs: GatewayRuns,
    private readonly logger: Logger,
  ) {
    this.gatewayRun = runs.current
    this.client = createGrpcClient(policyV1.BudgetServiceService, config.policyGrpc, config)
    this.file = new BudgetFile(config.dataDir, (err) =>
      logger.error({ err }, 'The budgets cannot be kept on disk. Check the disk of WEIR_DATA_DIR.'),
    )
    this.watcher = new Watcher({
      name: 'budgets',
      createState: () => new BudgetState(),
      open: (from) => this.client.watchBudgets(from),
      onApplied: (batch) => this.noteChanges(batch),
      logger,
    })
    this.endedRuns = new EndedRuns({
      runs,
      endRuns: (request) => this.client.endRuns(request),
      logger,
    })
    this.exchange = new MoneyExchange({
      gatewayRun: this.gatewayRun,
      exchange: (request) => this.client.exchangeMoney(request),
      find: (id) => this.watcher.state.get(id),
      logger,
    })
  }

  /** Loads the budgets from disk, when they are there, and starts to watch. */
  start(): void {
    try {
      const saved = this.file.read()
      if (saved) this.watcher.load(saved)
    } catch (error) {
      this.logger.error({ err: error }, 'The budgets on disk cannot be read; waiting for the policy service.')
    }
    this.watcher.start()
    this.endedRuns.start()
  }

  /** What a request would lack now; undefined: nothing. */
  missing(): string | undefined {
    return this.watcher.loaded ? undefined : 'no budgets from policy yet, and none on disk'
  }

  async close(): Promise<void> {
    this.endedRuns.close()
    await this.exchange.close()
    this.watcher.close()
    await this.file.close()
    this.client.close()
  }

  /**
   * Holds what an attempt may cost, of every hard budget that it counts against; at once when the
   * leases have it.
   * @throws AppError budget_exceeded, service_unavailable, invalid_request, unsupported_model
   */
  hold(route: AdmittedRoute, document: RequestDocument, bytes: number): Hold | Promise<Hold> {
    if (!this.watcher.loaded) throw unavailable(this.missing() ?? '')
    const { key, team, model } = route
    const { state } = this.watcher
    if (model.free || (state.isEmpty && this.ownBudgets().size === 0)) return unheld(document)
    const line = this.lineOf(key, team, state)
    if (line.lacking !== undefined) return this.holdLater(route, document, bytes, line.lacking)
    if (line.hasSoft && Date.now() - this.watcher.currentAtMs > silentMs) unchecked.inc()
    if (line.hard.length === 0) return unheld(document)
    const price = findPrice(model, Date.now())
    // A route is found only for a model with a price in force.
    if (!price) return unheld(document)
    return this.holdOf(line, route, document, bytes, price)
  }

  /**
   * The smallest share that is left of the hard budgets that pay for a key, 0 to 1, as far as this
   * gateway has been told; 1 when there are none.
   */
  leftRatio({ key, team }: Pick<AdmittedRoute, 'key' | 'team'>): number {
    const now = Date.now()
    const { hard } = this.lineOf(key, team, this.watcher.state)
    return hard.reduce((least, budget) => Math.min(least, budget.leftRatio(now)), 1)
  }

  private holdOf(
    { hard, ids }: Line,
    { model, provider, endpoint }: AdmittedRoute,
    document: RequestDocument,
    bytes: number,
    price: Price,
  ): Hold | Promise<Hold> {
    const { name: kind, output } = endpoint
    const { parameters } = model
    // What a version of a model adds to a request is not in its body.
    const added = parameters === undefined ? 0 : Buffer.byteLength(JSON.stringify(parameters))
    const bound = boundOf({ kind, document, bytes: bytes + added, output }, price, {
      modelTokens: model.maxOutputTokens,
      defaultTokens: this.config.defaultMaxOutputTokens,
      providerType: provider.type,
    })
    const { gatewayRun, exchange } = this
    const toHold = (grant: Grant, startedAtMs: number): Hold => {
      const openHoldNanoUsd = String(grant.amountNanoUsd)
      const limited = bound.limitedTo(grant.amountNanoUsd)
      const record = { gatewayRun, budgets: ids, openHoldNanoUsd }
      // As in the attempt's event, whose price the ledger takes.
      const settledBy = findPrice(model, startedAtMs) ?? price
      const parts = { startedAtMs, document: limited, record, price: settledBy, provider: provider.name }
      return new MoneyHold(exchange, grant, parts)
    }
    const now = Date.now()
    const { amountNanoUsd } = bound
    const leases = []
    for (const { lease } of hard) {
      if (!lease?.covers(now) || lease.free < amountNanoUsd) {
        return exchange.ask(hard, bound).then((grant) => toHold(grant, startOf(grant)))
      }
      leases.push(lease)
    }
    for (const lease of leases) lease.taken += amountNanoUsd
    for (const budget of hard) budget.recentlyTaken += amountNanoUsd
    return toHold({ leases, amountNanoUsd }, now)
  }

  private lineOf(key: KnownKey, team: TeamLine, state: BudgetState): Line {
    const known = this.lines.get(key)
    // What identity says of a key or team comes as another object.
    if (known && known.state === state && known.revision === state.revision && known.team === team)
      return known
    const budgets = [
      ...state.find(key.organization, 'organization', key.organization),
      ...team.path.split('/').flatMap((id) => state.find(key.organization, 'team', id)),
      ...state.find(key.organization, 'workspace', key.workspace),
      ...(key.workload === '' ? [] : state.find(key.organization, 'workload', key.workload)),
      ...state.find(key.organization, 'key', key.id),
    ]
    const hard = budgets.filter((budget) => budget.hard).map(({ id }) => id)
    const line = {
      ...{ team, state, revision: state.revision, ids: hard.join(',') },
      hard: hard.map((id) => this.exchange.of(id)),
      hasSoft: hard.length < budgets.length,
      lacking: this.findLacking(key, team, state),
    }
    this.lines.set(key, line)
    return line
  }

  /** Identity's word of a team's or key's budget may be here before the budget is. */
  private findLacking(
    { id, organization }: KnownKey,
    team: TeamLine,
    state: BudgetState,
  ): string | undefined {
    const own = this.ownBudgets()
    if (own.size === 0) return undefined
    if (own.has(`key/${id}`) && state.find(organization, 'key', id).length === 0) return `the key ${id}`
    const lacks = team.path
      .split('/')
      .find((name) => own.has(`team/${name}`) && state.find(organization, 'team', name).length === 0)
    return lacks === undefined ? undefined : `the team ${lacks}`
  }

  private async holdLater(
    route: AdmittedRoute,
    document: RequestDocument,
    bytes: number,
    lacking: string,
  ): Promise<Hold> {
    for (const until = Date.now() + budgetDelayMs; Date.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const { lacking: still } = this.lineOf(route.key, route.team, this.watcher.state)
      if (still === undefined) return this.hold(route, document, bytes)
    }
    throw unavailable(`the policy service has not told of the budget of ${lacking} yet`)
  }

  /** A budget that was changed may allow less now, or is needed elsewhere. */
  private noteChanges(batch: policyV1.WatchBudgetsResponse): void {
    for (const { id } of batch.upserts) this.exchange.recall(id)
    for (const { id } of batch.removals) this.exchange.recall(id)
    const { state } = this.watcher
    // The batch that ends a whole state may itself be empty.
    if (state === this.saved.state && state.revision === this.saved.revision) return
    this.saved = { state, revision: state.revision }
    this.file.write(this.watcher.save())
  }
}

/** A moment that lies in every period that was held of, by this gateway's clock or the policy service's. */
function startOf({ leases }: Grant): number {
  let startedAtMs = Date.now()
  for (const { startMs } of leases) startedAtMs = Math.max(startedAtMs, startMs)
  for (const { endMs } of leases) if (endMs > 0) startedAtMs = Math.min(startedAtMs, endMs - 1)
  return startedAtMs
}

const nothingToSettle = (): void => undefined

/** For what costs nothing. */
export const unheld = (document: RequestDocument): Hold => ({
  startedAtMs: Date.now(),
  document,
  record: nothingHeld,
  settle: nothingToSettle,
})

const unavailable = (what: string): AppError =>
  AppError.of(
    'service_unavailable',
    { reason: `The gateway cannot tell what may be spent: ${what}. Try again in a few seconds.` },
    { retryAfterS: 1 },
  )

interface HoldParts {
  startedAtMs: number
  document: RequestDocument
  record: HoldRecord
  price: Price
  provider: string
}

class MoneyHold implements Hold {
  readonly startedAtMs: number
  readonly document: RequestDocument
  readonly record: HoldRecord
  private settled = false

  constructor(
    private readonly exchange: MoneyExchange,
    private readonly grant: Grant,
    private readonly parts: HoldParts,
  ) {
    this.startedAtMs = parts.startedAtMs
    this.document = parts.document
    this.record = parts.record
  }

  settle(usage: Usage): void {
    if (this.settled) return
    this.settled = true
    const costNanoUsd = costOf(usage, this.parts.price)
    if (costNanoUsd > this.grant.amountNanoUsd) overBound.inc({ provider: this.parts.provider })
    this.exchange.settle(this.grant, costNanoUsd)
  }
}

/** What it cost; where the price leaves out a part of what was used, the rest. */
function costOf(usage: Usage, price: Price): bigint {
  try {
    return rate(usage, price)
  } catch (error) {
    if (error instanceof UnratedUnit) return error.ratedNanoUsd
    throw error
  }
}
