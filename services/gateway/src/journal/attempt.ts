import type { RequestSettled } from '@weir/contracts'
import type { UsageCounts } from '@weir/rating'

/** What is known of an attempt before its call: written to the journal first. */
export type AttemptStart = Pick<
  RequestSettled,
  | 'eventId'
  | 'requestId'
  | 'attempt'
  | 'startedAt'
  | 'organization'
  | 'team'
  | 'teamPath'
  | 'workspace'
  | 'workload'
  | 'virtualKey'
  | 'endpoint'
  | 'model'
  | 'providerModel'
  | 'provider'
  | 'providerId'
  | 'priceId'
  | 'streamed'
  | 'deployment'
  | 'repository'
  | 'gatewayRun'
  | 'budgets'
  | 'openHoldNanoUsd'
> & {
  /** Tokens that the request is worth if the provider never says. */
  estimatedInputTokens: number
  /** What it is worth if the provider never says, where that is not the tokens of its text. */
  expectedUsage?: UsageCounts | undefined
  /** Trace that the event belongs to. */
  traceparent?: string
}

/** What is known when it has ended, however it ended. */
export type AttemptEnd = Omit<RequestSettled, keyof AttemptStart>

/** How far a stream has come, in case the process does not see its end. */
export interface AttemptProgress {
  upstreamStatus: number
  firstByteMs: number
  durationMs: number
  outputTokens: number
}

/** The end of an attempt whose process died: what was sent is estimated, what came is what was noted last. */
export function interruptedEnd(start: AttemptStart, progress: AttemptProgress | undefined): AttemptEnd {
  const durationMs = progress?.durationMs ?? 0
  return {
    endedAt: new Date(Date.parse(start.startedAt) + durationMs).toISOString(),
    outcome: 'interrupted',
    upstreamStatus: progress?.upstreamStatus ?? 0,
    errorCode: 'service_unavailable',
    usageSource: 'estimated',
    inputTokens: start.estimatedInputTokens,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: progress?.outputTokens ?? 0,
    reasoningTokens: 0,
    ...start.expectedUsage,
    firstByteMs: progress?.firstByteMs ?? 0,
    durationMs,
  }
}

/** The event of an attempt. What only the gateway knows of it is passed by when it is encoded. */
export function toRequestSettled(start: AttemptStart, end: AttemptEnd): RequestSettled {
  return { ...start, ...end }
}
