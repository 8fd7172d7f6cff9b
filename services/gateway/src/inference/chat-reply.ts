import { AppError } from '@weir/errors'
import { estimateOutputTokens, readUsage } from '../dialects/openai-chat/chat-completions.js'
import { ChatStream } from '../dialects/openai-chat/chat-stream.js'
import type { UpstreamCall, UpstreamFailure, UpstreamHandler } from '../upstream/upstream.js'
import type { Caller } from './caller.js'
import type { Outcome, Settlement } from './settlement.js'
import { judgeStatus, toAppError } from './upstream-error.js'
import { estimatedUsage, type Usage } from './usage.js'

interface ChatReplyOptions {
  caller: Caller
  settlement: Settlement
  /** The caller did not ask for usage in its stream. */
  hidesUsage: boolean
  maxReplyBytes: number
  /** What the provider was authorised with, which no caller may see. */
  credential: string | undefined
  /** Called when the attempt is over. */
  onOver(): void
}

/** What callers are told whom a gateway that is being stopped serves no more. */
export const gatewayStops = (): AppError => {
  const reason = 'The gateway is being stopped. Try again: another one answers.'
  return AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
}

/**
 * Carries an upstream's answer to the caller and settles the attempt, however it ends. A reply is
 * complete for the caller only after its settlement is in the journal: whoever has seen its end
 * has been accounted for.
 */
export class ChatReply implements UpstreamHandler {
  private call: UpstreamCall | undefined
  private stream: ChatStream | undefined
  private status = 0
  private retryAfter: string | string[] | undefined
  private contentType = 'application/json'
  private chunks: Buffer[] = []
  private bytes = 0
  private over = false

  constructor(private readonly options: ChatReplyOptions) {
    options.caller.onGone(() => this.callerLeft())
  }

  /** The call whose answer this is; it is stopped when the caller leaves. */
  attach(call: UpstreamCall): void {
    this.call = call
    if (this.over) call.abort()
  }

  onHead(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status
    this.retryAfter = headers['retry-after']
    this.contentType = String(headers['content-type'] ?? this.contentType)
    this.options.settlement.noteHead(status)
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      return this.fail(
        'failed',
        this.providerError(
          `it answered with the content encoding ${String(encoding)}, which was not asked for.`,
        ),
      )
    }
    if (status === 200 && /^text\/event-stream/i.test(this.contentType)) {
      this.stream = new ChatStream(this.options.hidesUsage)
      this.options.caller.startStream()
    }
  }

  onData(chunk: Buffer): void {
    if (this.over) return
    if (this.stream) return this.forward(this.stream, chunk)
    this.bytes += chunk.length
    if (this.bytes > this.options.maxReplyBytes) {
      return this.fail('failed', this.providerError('its reply is longer than WEIR_MAX_REPLY_BYTES.'))
    }
    this.chunks.push(chunk)
  }

  onEnd(): void {
    if (this.over) return
    if (this.stream) return this.endStream(this.stream)
    const body = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks)
    if (this.status === 200) this.endWhole(body)
    else this.endRefused(body)
  }

  onError(failure: UpstreamFailure): void {
    const outcome = failure.kind === 'timeout' ? 'timed_out' : this.stream ? 'cut' : 'failed'
    this.fail(outcome, toAppError(failure, this.options.settlement.start.provider))
  }

  /** Settles an attempt whose caller left before the upstream was called. */
  leave(): void {
    this.finish()
    this.options.settlement.settle({ outcome: 'client_closed' })
  }

  /** Ends the attempt from this side, because the gateway stops. */
  interrupt(): void {
    this.fail('interrupted', gatewayStops())
  }

  private forward(stream: ChatStream, chunk: Buffer): void {
    let shown: Buffer | undefined
    try {
      shown = stream.push(chunk)
    } catch (error) {
      return this.fail('failed', this.providerError(error instanceof Error ? error.message : String(error)))
    }
    this.options.settlement.noteProgress(stream.chunks)
    if (shown && !this.options.caller.write(shown)) {
      this.call?.pause()
      this.options.caller.onDrain(() => this.call?.resume())
    }
  }

  private endStream(stream: ChatStream): void {
    if (stream.isCut) {
      return this.fail('cut', this.providerError('its stream broke off before its end.'))
    }
    this.finish()
    const end = stream.failed
      ? ({ outcome: 'failed', errorCode: 'provider_error' } as const)
      : ({ outcome: 'succeeded' } as const)
    this.options.settlement.settle({ ...end, usage: this.streamUsage(stream) }, () =>
      this.options.caller.endStream(stream.done ? 'data: [DONE]\n\n' : ''),
    )
  }

  private endWhole(body: Buffer): void {
    let reply: unknown
    try {
      reply = JSON.parse(body.toString())
    } catch {
      return this.fail('failed', this.providerError('its reply is not JSON.'))
    }
    this.finish()
    const { settlement, caller } = this.options
    const usage =
      readUsage((reply as { usage?: unknown } | null)?.usage) ??
      estimatedUsage(settlement.start.estimatedInputTokens, estimateOutputTokens([reply]))
    settlement.settle({ outcome: 'succeeded', usage }, () => caller.send(200, this.contentType, body))
  }

  private endRefused(body: Buffer): void {
    const { start } = this.options.settlement
    const { credential = '' } = this.options
    // A very short one would be found in anything.
    const quotesCredential = credential.length >= 8 && body.includes(credential)
    const verdict = judgeStatus({
      status: this.status,
      retryAfter: this.retryAfter,
      quotesCredential,
      ...start,
    })
    if (verdict.kind === 'error') return this.fail('failed', verdict.error)
    this.finish()
    this.options.caller.errorCode = 'invalid_request'
    this.options.settlement.settle({ outcome: 'failed', errorCode: 'invalid_request' }, () =>
      this.options.caller.send(this.status, this.contentType, body),
    )
  }

  private fail(outcome: Outcome, error: AppError): void {
    if (this.over) return
    this.finish()
    this.call?.abort()
    const { settlement, caller } = this.options
    const usage = this.stream ? this.streamUsage(this.stream) : undefined
    settlement.settle({ outcome, errorCode: error.code, ...(usage && { usage }) }, () => {
      if (this.stream) caller.endStreamWithError(error)
      else caller.sendError(error)
    })
  }

  /** The upstream is stopped at once; what it was sent and has generated is owed all the same. */
  private callerLeft(): void {
    if (this.over) return
    this.finish()
    this.call?.abort()
    const { settlement } = this.options
    const usage = this.stream
      ? this.streamUsage(this.stream)
      : estimatedUsage(settlement.start.estimatedInputTokens, 0)
    settlement.settle({ outcome: 'client_closed', usage })
  }

  private streamUsage(stream: ChatStream): Usage {
    return (
      stream.usage ??
      estimatedUsage(this.options.settlement.start.estimatedInputTokens, stream.estimateOutputTokens())
    )
  }

  private providerError(reason: string): AppError {
    return AppError.of('provider_error', { provider: this.options.settlement.start.provider, reason })
  }

  private finish(): void {
    this.over = true
    this.options.onOver()
  }
}
