import type { RequestSettled } from '@weir/contracts'
import { randomUUID } from 'node:crypto'
import type { AttemptEnd, AttemptStart } from '../journal/attempt.js'

/** An attempt's start; every call's is another one. */
export function startOf(fields: Partial<AttemptStart> = {}): AttemptStart {
  return {
    ...{
      eventId: randomUUID(),
      requestId: `req_${randomUUID()}`,
      attempt: 1,
      startedAt: new Date().toISOString(),
    },
    ...{ organization: 'org_1', team: 'payments', teamPath: 'company/payments', workspace: 'ws_1' },
    ...{ workload: 'bot', virtualKey: 'vk_1', endpoint: 'chat', model: 'm', providerModel: 'pm' },
    ...{ provider: 'p', providerId: 'prov_1', priceId: 'price_1', streamed: false, estimatedInputTokens: 5 },
    ...{ gatewayRun: 'run_1', budgets: '', openHoldNanoUsd: '0' },
    ...fields,
  }
}

/** How an attempt ended. */
export function endOf(fields: Partial<AttemptEnd> = {}): AttemptEnd {
  return {
    ...{ endedAt: '2026-01-02T03:04:06.000Z', outcome: 'succeeded', upstreamStatus: 200, errorCode: '' },
    ...{ usageSource: 'reported', inputTokens: 11, cachedInputTokens: 3, cacheWriteTokens: 2 },
    ...{ outputTokens: 7, reasoningTokens: 1, firstByteMs: 5, durationMs: 9 },
    ...fields,
  }
}

/** The event that the two make. */
export function eventOf(start: AttemptStart, end: AttemptEnd): RequestSettled {
  const { estimatedInputTokens: _estimate, traceparent: _trace, ...event } = start
  return { ...event, ...end }
}

/** Ids of events by virtual key, in their order. */
export function idsByKey(events: { virtualKey: string; eventId: string }[]): Record<string, string[]> {
  const ids: Record<string, string[]> = {}
  for (const { virtualKey, eventId } of events) (ids[virtualKey] ??= []).push(eventId)
  return ids
}
