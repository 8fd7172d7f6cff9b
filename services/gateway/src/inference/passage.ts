import type { AppError } from '@weir/errors'
import type { Admission, AdmittedRoute } from '../admission/admission.js'
import type { Plan } from '../routing/plan.js'
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
  /** Makes an attempt at a target. */
  attempt(passage: Passage, route: AdmittedRoute): Promise<void>
}

/** One admitted request on its way through its attempts: one after the other, until one is answered or none is left. */
export class Passage {
  /** How many attempts were begun. */
  attemptCount = 0
  /** Nothing more is done for it. */
  isOver = false
  private reply: Reply | undefined
  private slot: number
  private timer: NodeJS.Timeout | undefined

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
    this.reply = reply
    if (!this.isOver && !this.caller.isGone) return true
    reply.leave()
    return false
  }

  answered(firstByteMs: number): void {
    this.plan.answered(firstByteMs)
  }

  /** Goes on to the next target, when there is one. */
  retries(failure: AttemptFailure): boolean {
    if (this.isOver || this.caller.isGone) return false
    const next = this.plan.after(failure)
    if (!next) return false
    this.plan.over(failure)
    this.reply = undefined
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.options.attempt(this, next.route).catch(() => this.giveUp(failure))
    }, next.delayMs)
    return true
  }

  /** The last attempt is over. */
  over(failure: AttemptFailure | undefined): void {
    this.plan.over(failure)
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
    if (this.reply) return this.reply.interrupt()
    this.end(gatewayStops())
  }

  private leave(): void {
    if (this.isOver) return
    if (this.reply) return this.reply.leave()
    // What is being journaled now is settled when that is done.
    if (this.timer) this.end(undefined)
  }

  /** A further attempt could not be made: what became of the one before it is what the caller is told. */
  private giveUp({ error, refusal }: AttemptFailure): void {
    if (this.isOver) return
    this.leaveQueue()
    this.admission.end()
    if (!refusal) return this.caller.sendError(error)
    this.caller.errorCode = error.code
    this.caller.send(refusal.status, refusal.contentType, refusal.body)
  }

  /** While no attempt is under way. */
  private end(error: AppError | undefined): void {
    if (this.isOver) return
    this.leaveQueue()
    this.admission.end()
    if (error) this.caller.sendError(error)
  }

  private leaveQueue(): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.timer)
    this.options.underway.remove(this.slot)
  }
}
