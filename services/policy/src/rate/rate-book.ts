import type { policyV1 } from '@weir/contracts'
import { RateLimit } from './rate-limit.js'
import { windowMs } from './sliding-window.js'

/** A gateway that was silent for so long is taken for dead. */
export const leaseMs = 3_000

/** After a start, for so long: every gateway has come back and said what it used. */
export const startingMs = 2_000

/** A gateway that has come back reports all that it used with its first exchanges. */
const lateExchanges = 3

/** One gateway's process. */
interface Gateway {
  seenAtMs: number
  isAlive: boolean
  /** Exchanges that may still report what was used before it was taken for dead. */
  lateExchanges: number
  /** The last exchange and its answer, since an answer may be lost. */
  sequence: number
  answer: policyV1.ExchangeRatesResponse | undefined
  /** Limits of which others need what it holds. */
  readonly recalls: Set<string>
  readonly limits: Set<string>
}

/**
 * Every limit of rates, in memory: what was used in the last minute, and what gateways hold. Nothing
 * of it outlives the process, since the gateways know it too and say it again. Times are of one
 * monotonic clock, in milliseconds.
 */
export class RateBook {
  private readonly limits = new Map<string, RateLimit>()
  private readonly gateways = new Map<string, Gateway>()

  /** @param epoch names this memory */
  constructor(
    private readonly epoch: string,
    private readonly startedAtMs: number,
  ) {}

  /** Gateways that live. */
  get gatewayCount(): number {
    let count = 0
    for (const { isAlive } of this.gateways.values()) if (isAlive) count++
    return count
  }

  get limitCount(): number {
    return this.limits.size
  }

  /** Slots of parallel limits that gateways hold, used or not. */
  get slotCount(): number {
    let count = 0
    for (const limit of this.limits.values()) if (limit.isParallel) count += limit.heldCount
    return count
  }

  exchange(request: policyV1.ExchangeRatesRequest, nowMs: number): policyV1.ExchangeRatesResponse {
    this.sweep(nowMs)
    const isStarting = nowMs - this.startedAtMs < startingMs
    const empty = { epoch: this.epoch, sequence: request.sequence, isStarting, grants: [], recalls: [] }
    if (request.leaving) {
      this.remove(request.gateway)
      return { ...empty, gateways: this.gatewayCount, hasRejoined: false }
    }
    const gateway = this.gatewayOf(request.gateway, nowMs)
    const hasRejoined = !gateway.isAlive
    if (hasRejoined) gateway.lateExchanges = lateExchanges
    gateway.isAlive = true
    gateway.seenAtMs = nowMs
    if (request.epoch !== this.epoch) return { ...empty, gateways: this.gatewayCount, hasRejoined }
    if (gateway.answer && gateway.sequence === request.sequence) return gateway.answer

    for (const report of request.reports) {
      gateway.limits.add(report.limit)
      this.limitOf(report).report(request.gateway, report, { nowMs, hasRejoined })
    }
    this.countLateExchange(request.gateway, gateway)
    const terms = { nowMs, gateways: this.gatewayCount, isStarting }
    const grants = request.reports.map((report) => {
      const limit = this.limitOf(report)
      const grant = limit.grant(request.gateway, report, terms)
      if (grant.isPending) this.recall(report.limit, limit.idleElsewhere(request.gateway))
      return grant
    })
    const recalls = [...gateway.recalls]
    gateway.recalls.clear()
    gateway.sequence = request.sequence
    gateway.answer = { ...empty, gateways: terms.gateways, hasRejoined, grants, recalls }
    return gateway.answer
  }

  /** Takes silent gateways for dead, and forgets what has no meaning any more. */
  sweep(nowMs: number): void {
    for (const [id, gateway] of this.gateways) {
      const silentMs = nowMs - gateway.seenAtMs
      if (silentMs > windowMs + leaseMs) this.remove(id)
      else if (gateway.isAlive && silentMs > leaseMs) {
        gateway.isAlive = false
        for (const limit of gateway.limits) this.limits.get(limit)?.forfeit(id, nowMs)
      }
    }
  }

  /** Forgets limits that nobody has used for a minute. */
  forgetUnused(nowMs: number): void {
    for (const [id, limit] of this.limits) {
      if (!limit.isUnused(nowMs)) continue
      this.limits.delete(id)
      for (const gateway of limit.leases.keys()) this.gateways.get(gateway)?.limits.delete(id)
    }
  }

  private countLateExchange(id: string, gateway: Gateway): void {
    if (gateway.lateExchanges === 0 || --gateway.lateExchanges > 0) return
    for (const limit of gateway.limits) this.limits.get(limit)?.forgetForfeit(id)
  }

  private recall(limit: string, gateways: string[]): void {
    for (const id of gateways) this.gateways.get(id)?.recalls.add(limit)
  }

  private remove(id: string): void {
    for (const limit of this.gateways.get(id)?.limits ?? []) this.limits.get(limit)?.release(id)
    this.gateways.delete(id)
  }

  private gatewayOf(id: string, nowMs: number): Gateway {
    let gateway = this.gateways.get(id)
    if (!gateway) {
      gateway = {
        ...{ seenAtMs: nowMs, isAlive: true, lateExchanges: 0, sequence: -1, answer: undefined },
        ...{ recalls: new Set<string>(), limits: new Set<string>() },
      }
      this.gateways.set(id, gateway)
    }
    return gateway
  }

  private limitOf({ limit: id, isParallel }: policyV1.RateReport): RateLimit {
    let limit = this.limits.get(id)
    if (!limit) this.limits.set(id, (limit = new RateLimit(isParallel)))
    return limit
  }
}
