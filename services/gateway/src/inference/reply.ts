import { AppError } from '@weir/errors'
import type { ReplyOrigin } from '../cache/recorded-reply.js'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import type { StreamTap } from '../conversation/dialect.js'
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from '../upstream/upstream.js'
import type { Caller } from './caller.js'
import type { Exchange } from './endpoint.js'
import { type AttemptFailure, failureOf } from './failure.js'
import type { Outcome, Settlement } from './settlement.js'
import { judgeAnswer, judgeFailure } from './upstream-error.js'
import { estimatedUsage, noUsage, type Usage } from './usage.js'

/** Whose attempt it is. */
interface ReplyOwner {
  /** The first byte of an answer has come. */
  answered(reply: Reply, firstByteMs: number): void
  /** The attempt came to nothing, and nothing went out. True: another one is made in its place. */
  retries(reply: Reply, failure: AttemptFailure): boolean
  /** The attempt is over, and no other follows. `failure`: it was the target's fault. */
  over(reply: Reply, failure: AttemptFailure | undefined): void
  /** Its end is in the journal. */
  ended(): void
}

interface ReplyOptions {
  /** Whom it comes from. */
  route: AdmittedRoute
  caller: Caller
  settlement: Settlement
  exchange: Exchange
  maxReplyBytes: number
  /** What the provider was authorised with, which no caller may see. */
  credential: string | undefined
  owner: ReplyOwner
}

/** What callers are told whom a gateway that is being stopped serves no more. */
export const gatewayStops = (): AppError => {
  const reason = 'The gateway is being stopped. Try again: another one answers.'
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
}

/**
 * Carries the answer of one attempt to the caller and settles the attempt, however it ends. An answer
 * is complete for the caller only after its settlement is in the journal: whoever has seen its end has
 * been accounted for. Until its first byte goes out, another attempt may take its place.
 */
export class Reply implements UpstreamHandler {
  private call: UpstreamCall | undefined
  private tap: StreamTap | undefined
  private hasAnswered = false
  private hasBegun = false
  private status = 0
  private retryAfter: string | string[] | undefined
  private retryAfterMs: string | string[] | undefined
  private contentType = 'application/json'
  private chunks: Buffer[] = []
  private bytes = 0
  private isOver = false

  constructor(private readonly options: ReplyOptions) {}

  get route(): AdmittedRoute {
    return this.options.route
  }

  /** The call whose answer this is; it is stopped when the caller leaves. */
  attach(call: UpstreamCall): void {
    this.call = call
    if (this.isOver) call.abort()
  }

  onHead(status: number, headers: Record<string, string | string[] | undefined>): void {
    const { settlement, exchange } = this.options
    this.status = status
    this.retryAfter = headers['retry-after']
    this.retryAfterMs = headers['retry-after-ms']
    this.contentType = String(headers['content-type'] ?? this.contentType)
    settlement.noteHead(status)
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      const reason = `it answered with the content encoding ${String(encoding)}, which was not asked for.`
      return this.fail('failed', failureOf(this.providerError(reason), 'elsewhere'))
    }
    if (status === 200) this.tap = exchange.openStream(this.contentType)
  }

  onData(chunk: Buffer): void {
    if (this.isOver) return
    if (!this.hasAnswered) this.noteAnswer()
    if (this.tap) return this.forward(this.tap, chunk)
    this.bytes += chunk.length
    if (this.bytes > this.options.maxReplyBytes) {
      const reason = 'its reply is longer than WEIR_MAX_REPLY_BYTES.'
      return this.fail('failed', failureOf(this.providerError(reason), 'nowhere'))
    }
    this.chunks.push(chunk)
  }

  onEnd(): void {
    if (this.isOver) return
    if (!this.hasAnswered) this.noteAnswer()
    if (this.tap) return this.endStream(this.tap)
    const body = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks)
    if (this.status === 200) this.endWhole(body)
    else this.endRefused(body)
  }

  onError(failure: UpstreamFailure): void {
    const outcome = failure.kind === 'timeout' ? 'timed_out' : this.tap ? 'cut' : 'failed'
    this.fail(outcome, judgeFailure(failure, this.options.settlement.start.provider))
  }

  /**
   * The caller has left. The upstream is stopped at once; what it was sent and has generated is owed
   * all the same.
   */
  leave(): void {
    if (this.isOver) return
    this.finish(undefined)
    this.hangUp(() => this.options.owner.ended())
  }

  /** Another attempt has answered first, or this one is not wanted any more; nobody hears of its end. */
  yield(): void {
    if (this.isOver) return
    this.isOver = true
    this.hangUp()
  }

  /** Ends the attempt from this side, because the gateway stops. */
  interrupt(): void {
    this.fail('interrupted', failureOf(gatewayStops(), 'nowhere'))
  }

  private hangUp(written?: () => void): void {
    const { settlement, exchange } = this.options
    const usage =
      this.call &&
      (this.streamUsage() ?? exchange.expected ?? estimatedUsage(settlement.start.estimatedInputTokens, 0))
    this.call?.abort()
    settlement.settle({ outcome: 'client_closed', ...(usage && { usage }) }, written)
  }

  private noteAnswer(): void {
    const { settlement, owner } = this.options
    this.hasAnswered = true
    settlement.noteFirstByte()
    if (this.status === 200) owner.answered(this, settlement.firstByteMs)
  }

  private forward(tap: StreamTap, chunk: Buffer): void {
    let shown: Buffer | undefined
    try {
      shown = tap.push(chunk)
    } catch (error) {
      return this.fail('failed', this.unreadable(error))
    }
    const { caller, settlement } = this.options
    settlement.noteProgress(tap)
    if (!shown) return
    if (!this.hasBegun) {
      // An error before all else is as good as an answer that never began.
      if (tap.failed && this.retries(this.streamFailure())) return
      this.begin()
    }
    if (!caller.write(shown)) {
      this.call?.pause()
      caller.onDrain(() => this.call?.resume())
    }
  }

  /** The head of the stream goes out with its first chunk: until then another attempt may take its place. */
  private begin(): void {
    if (this.hasBegun) return
    this.hasBegun = true
    this.options.caller.startStream(this.options.exchange.streamType)
  }

  /** What has not gone out can be tried again; the caller hears nothing of it. */
  private retries(failure: AttemptFailure): boolean {
    const { settlement, owner } = this.options
    if (this.hasBegun || !owner.retries(this, failure)) return false
    this.isOver = true
    this.call?.abort()
    const usage = this.streamUsage()
    const end = { outcome: 'failed', errorCode: failure.error.code } as const
    settlement.settle({ ...end, ...(usage && { usage }) })
    return true
  }

  private endStream(tap: StreamTap): void {
    if (tap.isCut) {
      const reason = 'its stream broke off before its end.'
      return this.fail('cut', failureOf(this.providerError(reason), 'again'))
    }
    const { caller, settlement, owner } = this.options
    this.finish(tap.failed ? this.streamFailure() : undefined)
    const end = tap.failed
      ? ({ outcome: 'failed', errorCode: 'provider_error' } as const)
      : ({ outcome: 'succeeded' } as const)
    const usage = this.streamUsage()
    settlement.settle({ ...end, ...(usage && { usage }) }, () => {
      owner.ended()
      this.begin()
      if (!tap.failed) caller.noteSuccess(() => this.originOf(usage))
      caller.endStream(tap.ending)
    })
  }

  private endWhole(body: Buffer): void {
    const { settlement, caller, owner, exchange } = this.options
    let whole
    try {
      whole = exchange.readWhole(body, this.contentType)
    } catch (error) {
      return this.fail('failed', this.unreadable(error))
    }
    this.finish(undefined)
    const { body: shown, contentType } = whole
    const usage =
      whole.usage ?? estimatedUsage(settlement.start.estimatedInputTokens, whole.estimateOutputTokens())
    settlement.settle({ outcome: 'succeeded', usage }, () => {
      owner.ended()
      caller.noteSuccess(() => this.originOf(usage))
      caller.sendAnswer(contentType, shown)
    })
  }

  private endRefused(body: Buffer): void {
    const { credential = '', exchange, settlement } = this.options
    const { status, retryAfter, retryAfterMs, contentType } = this
    // A very short one would be found in anything.
    const quotesCredential = credential.length >= 8 && body.includes(credential)
    const refused = status < 400 ? undefined : exchange.readRefusal(status, body)
    const { provider, providerModel, model } = settlement.start
    const answer = { status, retryAfter, retryAfterMs, contentType, body, refused, quotesCredential }
    this.fail('failed', judgeAnswer({ ...answer, provider, providerModel, model }))
  }

  private fail(outcome: Outcome, failure: AttemptFailure): void {
    if (this.isOver) return
    const { settlement, caller, owner } = this.options
    const isRetried = !this.hasBegun && outcome !== 'interrupted' && owner.retries(this, failure)
    if (isRetried) this.isOver = true
    else this.finish(failure)
    this.call?.abort()
    const usage = this.streamUsage()
    const { error, refusal } = failure
    settlement.settle({ outcome, errorCode: error.code, ...(usage && { usage }) }, () => {
      if (isRetried) return
      owner.ended()
      if (this.tap) {
        this.begin()
        return caller.endStreamWithError(error, this.tap.nextSequence)
      }
      if (!refusal) return caller.sendError(error)
      caller.errorCode = error.code
      caller.send(refusal.status, refusal.contentType, refusal.body)
    })
  }

  private originOf(usage: Usage = noUsage): ReplyOrigin {
    const { model, providerModel, provider, providerId } = this.options.settlement.start
    return { model, providerModel, provider, providerId, usage }
  }

  /** Undefined: no stream has begun. */
  private streamUsage(): Usage | undefined {
    const { tap } = this
    if (!tap) return undefined
    const { estimatedInputTokens } = this.options.settlement.start
    return tap.usage ?? estimatedUsage(estimatedInputTokens, tap.estimateOutputTokens())
  }

  private unreadable(error: unknown): AttemptFailure {
    const reason =
      error instanceof SyntaxError
        ? 'its reply is not JSON.'
        : error instanceof Error
          ? error.message
          : String(error)
    return failureOf(this.providerError(reason), 'again')
  }

  private streamFailure(): AttemptFailure {
    return failureOf(this.providerError('it sent an error instead of an answer.'), 'again')
  }

  private providerError(reason: string): AppError {
    return AppError.of('provider_error', { provider: this.options.settlement.start.provider, reason })
  }

  private finish(failure: AttemptFailure | undefined): void {
    this.isOver = true
    this.options.owner.over(this, failure)
  }
}
