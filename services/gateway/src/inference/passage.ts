import type { Admission } from '../admission/admission.js'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { NextAttempt, Plan } from '../routing/plan.js'
import type { Underway } from '../underway.js'
import type { Caller } from './caller.js'
import type { InferenceCall } from './endpoint.js'
import type { AttemptFailure } from './failure.js'
import { gatewayStops, type Reply } from './reply.js'

interface PassageOptions {
  call: InferenceCall
  caller: Caller
  plan: Plan
  admission: Admission
  underway: Underway<Passage>
  /** Makes an attempt at a target. Rejects when none could be made. */
  attempt(passage: Passage, route: AdmittedRoute): Promise<void>
}

/**
 * One admitted request on its way through its attempts: one after the other, until one is answered or
 * none is left. Where the deployment hedges, a second one may be under way beside one that is slow; the
 * first that answers is the one.
 */
export class Passage {
  /** How many attempts were begun. */
  attemptCount = 0
  /** Nothing more is done for it. */
  isOver = false
  private reply: Reply | undefined
  /** Beside the other one. */
  private rival: Reply | undefined
  private isAnswered = false
  private isInterrupted = false
  private readonly slot: number
  private timer: NodeJS.Timeout | undefined
  private hedgeTimer: NodeJS.Timeout | undefined

  constructor(private readonly options: PassageOptions) {
    this.slot = options.underway.add(this)
    options.caller.onGone(() => this.leave())
  }

  get call(): InferenceCall {
    return this.options.call
  }

  get caller(): Caller {
    return this.options.caller
  }

  get plan(): Plan {
    return this.options.plan
  }

  get admission(): Admission {
    return this.options.admission
  }

  /** Takes the answer of an attempt that has been journaled; false: it is too late, and the attempt is settled. */
  carry(reply: Reply): boolean {
    if (this.isAnswered || (this.reply && (this.isOver || this.caller.isGone))) {
      reply.yield()
      return false
    }
    if (this.reply) this.rival = reply
    else this.reply = reply
    if (this.isInterrupted) reply.interrupt()
    else if (this.isOver || this.caller.isGone) reply.leave()
    else {
      this.plan.begin(reply.route)
      if (this.plan.hedgeAfterMs > 0 && this.attemptCount === 1) this.hedgeLater()
      return true
    }
    return false
  }

  answered(reply: Reply, firstByteMs: number): void {
    this.isAnswered = true
    this.plan.answered(reply.route, firstByteMs)
    const other = this.otherThan(reply)
    if (!other) return
    this.plan.over(other.route, undefined)
    this.reply = reply
    this.rival = undefined
    other.yield()
  }

  /** Goes on to the next target, when there is one, or waits for the attempt that is under way beside this one. */
  retries(reply: Reply, failure: AttemptFailure): boolean {
    if (this.isOver || this.caller.isGone) return false
    this.isAnswered = false
    const other = this.otherThan(reply)
    const next = other ? undefined : this.plan.after(reply.route, failure)
    if (!other && !next) return false
    this.plan.over(reply.route, failure)
    this.reply = other
    this.rival = undefined
    if (next) this.attemptLater(next, failure)
    return true
  }

  /** The last attempt is over. */
  over(reply: Reply, failure: AttemptFailure | undefined): void {
    this.plan.over(reply.route, failure)
    this.leaveQueue()
  }

  /** The last attempt is accounted for. */
  ended(): void {
    this.admission.end()
  }

  /** It came to nothing before its first attempt. */
  abandon(): void {
    this.leaveQueue()
    this.admission.cancel(this.caller)
  }

  /** Ends it from this side, because the gateway stops. */
  interrupt(): void {
    // What is being journaled now is ended when that is done.
    this.isInterrupted = true
    this.dropRival()
    if (this.reply) this.reply.interrupt()
    else if (this.timer) {
      this.end()
      this.caller.sendError(gatewayStops())
    }
  }

  private leave(): void {
    if (this.isOver) return
    this.dropRival()
    // What is being journaled now is settled when that is done.
    if (this.reply) this.reply.leave()
    else if (this.timer) this.end()
  }

  private otherThan(reply: Reply): Reply | undefined {
    return this.reply === reply ? this.rival : this.reply
  }

  private dropRival(): void {
    const { rival } = this
    if (!rival) return
    this.rival = undefined
    this.plan.over(rival.route, undefined)
    rival.yield()
  }

  private attemptLater({ route, delayMs }: NextAttempt, failure: AttemptFailure): void {
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.options.attempt(this, route).catch(() => this.giveUp(failure))
    }, delayMs)
  }

  private hedgeLater(): void {
    this.hedgeTimer = setTimeout(() => {
      const route = this.isAnswered || this.isOver || !this.reply ? undefined : this.plan.hedge()
      // A second attempt that cannot be made leaves all to the first.
      if (route) this.options.attempt(this, route).catch(() => undefined)
    }, this.plan.hedgeAfterMs)
  }

  /** A further attempt could not be made: what became of the one before it is what the caller is told. */
  private giveUp({ error, refusal }: AttemptFailure): void {
    if (this.isOver || this.reply) return
    this.end()
    if (!refusal) return this.caller.sendError(error)
    this.caller.errorCode = error.code
    this.caller.send(refusal.status, refusal.contentType, refusal.body)
  }

  /** While no attempt is under way. */
  private end(): void {
    this.leaveQueue()
    this.admission.end()
  }

  private leaveQueue(): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.timer)
    clearTimeout(this.hedgeTimer)
    this.options.underway.remove(this.slot)
  }
}
