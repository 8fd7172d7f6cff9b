import { createGrpcClient, type GrpcClient, type InternalTrust, policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { counter, gauge, type Logger } from '@weir/observability'
import { estimateTokens, tokensOf, type Usage } from '../inference/usage.js'
import type { RequestDocument } from '../inference/endpoint.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import { type RateCounter, type RateKind } from './rate-counter.js'
import { GatewayCountFile } from './rate-gateway-count.js'
import { RateLeases } from './rate-leases.js'
import { type RatedRoute, RatePlans } from './rate-plan.js'
import { limitHeaders } from './rate-headers.js'

const refusals = counter('weir_rate_refusals_total', 'Requests that a limit of rates refused, by its kind.', [
  'kind',
])

const names: Record<RateKind, string> = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  input_tokens: 'input tokens per minute',
  output_tokens: 'output tokens per minute',
  parallel_requests: 'requests at the same time',
}

/** What a request is expected to use. */
interface Estimate {
  inputTokens: number
  outputTokens: number
}

/** Limits of requests and tokens per minute and of parallel requests: one limit, however many gateways there are. */
export class Rates {
  private readonly client: GrpcClient<typeof policyV1.RateServiceService>
  private readonly leases: RateLeases
  private readonly plans: RatePlans

  constructor(
    config: { policyGrpc: string; dataDir: string } & InternalTrust,
    private readonly snapshots: Pick<Snapshots, 'identity'>,
    logger: Logger,
  ) {
    this.client = createGrpcClient(policyV1.RateServiceService, config.policyGrpc, config)
    this.leases = new RateLeases(this.client, logger, new GatewayCountFile(config.dataDir, logger))
    this.plans = new RatePlans(this.leases)
    gauge(
      'weir_rate_alone',
      '1 while the policy service cannot be asked and limits of rates are shared out equally among the gateways.',
      [],
      (self) => self.set(this.leases.isAlone ? 1 : 0),
    )
    gauge('weir_rate_slots_used', 'Slots of parallel limits that requests have now.', [], (self) =>
      self.set(this.leases.slotCount),
    )
  }

  /**
   * Counts a request by every limit on its way, or by none: a refused one costs nothing. Undefined
   * when nothing limits it; a promise only when a lease has to be asked for.
   * @throws AppError rate_limit_exceeded
   */
  admit(
    route: RatedRoute,
    document: RequestDocument,
    bytes: number,
  ): RateAdmission | undefined | Promise<RateAdmission> {
    const counters = this.plans.find(route, this.snapshots.identity.state.rates)
    if (counters.length === 0) return undefined
    const estimate = { inputTokens: estimateTokens(bytes), outputTokens: maxOutputTokens(document) }
    const nowMs = performance.now()
    const admission = new RateAdmission(counters, estimate, nowMs)
    for (let at = 0; at < counters.length; at++) {
      const counter = counters[at]
      if (counter && !counter.take(costOf(counter.kind, estimate), nowMs)) {
        return this.admitAsking(admission, at)
      }
    }
    return admission
  }

  async close(): Promise<void> {
    await this.leases.close()
    this.client.close()
  }

  /** Those before `from` have been taken. */
  private async admitAsking(admission: RateAdmission, from: number): Promise<RateAdmission> {
    const { counters, estimate } = admission
    for (let at = from; at < counters.length; at++) {
      const counter = counters[at]
      if (!counter) continue
      const cost = costOf(counter.kind, estimate)
      if (counter.take(cost, performance.now()) || (await this.leases.obtain(counter, cost))) continue
      admission.cancel(at)
      counter.noteRefusal(cost)
      refusals.inc({ kind: counter.kind })
      throw toError(counter, cost, admission)
    }
    return admission
  }
}

/** What a request has been counted as, until it is known what it used. */
export class RateAdmission {
  constructor(
    readonly counters: readonly RateCounter[],
    readonly estimate: Estimate,
    private readonly admittedAtMs: number,
  ) {}

  /** `x-ratelimit-…`, as OpenAI's, as it stands now. */
  get headers(): Record<string, string> {
    return limitHeaders(this.counters, performance.now())
  }

  /** The attempt is over: its slots are free, and tokens are counted as they were used. */
  settle(usage: Usage): void {
    const nowMs = performance.now()
    const used = { inputTokens: tokensOf(usage, 'input'), outputTokens: tokensOf(usage, 'output') }
    for (let at = 0; at < this.counters.length; at++) {
      const counter = this.counters[at]
      if (!counter || counter.kind === 'requests') continue
      const unused =
        counter.kind === 'parallel_requests'
          ? 1
          : costOf(counter.kind, this.estimate) - costOf(counter.kind, used)
      if (unused >= 0) counter.giveBack(unused, this.admittedAtMs, nowMs)
      else counter.overdraw(-unused, nowMs)
    }
  }

  /** The request goes no further and costs nothing; only the first `count` limits have counted it. */
  cancel(count = this.counters.length): void {
    const nowMs = performance.now()
    for (const counter of this.counters.slice(0, count)) {
      counter.giveBack(costOf(counter.kind, this.estimate), this.admittedAtMs, nowMs)
    }
  }
}

function costOf(kind: RateKind, { inputTokens, outputTokens }: Estimate): number {
  switch (kind) {
    case 'tokens':
      return inputTokens + outputTokens
    case 'input_tokens':
      return inputTokens
    case 'output_tokens':
      return outputTokens
    case 'requests':
    case 'parallel_requests':
      return 1
  }
}

const highest = 2 ** 31 - 1

/** What the request itself allows for output; 0: it does not say, and what comes is counted afterwards. */
function maxOutputTokens(document: RequestDocument): number {
  const asked = document['max_completion_tokens'] ?? document['max_tokens'] ?? document['max_output_tokens']
  if (typeof asked !== 'number' || !(asked > 0)) return 0
  const { n } = document
  return Math.min(highest, Math.ceil(asked) * (typeof n === 'number' && n > 1 ? Math.ceil(n) : 1))
}

function toError(counter: RateCounter, cost: number, admission: RateAdmission): AppError {
  const { scope, kind, maximum } = counter
  const limit = `The limit of the ${scope} is ${maximum} ${names[kind]}`
  const retryAfterS = Math.max(1, Math.ceil((counter.retryAtMs - performance.now()) / 1_000))
  const reason =
    cost > maximum
      ? `${limit}, and this request alone may need ${cost}. Send less, or ask for less output.`
      : kind === 'parallel_requests'
        ? `${limit}, and that many are under way. Try again when one has ended.`
        : `${limit}, and they are used up. Try again in ${retryAfterS} s.`
  // Nobody's trying again helps a request that never fits.
  const headers = { ...admission.headers, ...(cost > maximum && { 'x-should-retry': 'false' }) }
  return AppError.of('rate_limit_exceeded', { reason }, { retryAfterS, headers })
}
