import { type Message, requestSettled, type RequestSettled } from '@weir/contracts'
import { randomUUID } from 'node:crypto'

/** A settled attempt, each its own, with what a test cares about. */
export function settledEvent(given: Partial<RequestSettled> = {}): RequestSettled {
  return {
    eventId: randomUUID(),
    requestId: `req_${randomUUID()}`,
    attempt: 1,
    startedAt: '2026-03-10T10:20:30.456Z',
    endedAt: '2026-03-10T10:20:31.000Z',
    organization: 'org_default',
    team: 'payments',
    teamPath: 'all/payments',
    workspace: 'ws_main',
    workload: 'chatbot',
    virtualKey: 'key_1',
    endpoint: 'chat',
    model: 'small',
    providerModel: 'small-2026',
    provider: 'sandbox',
    providerId: 'prov_1',
    priceId: '',
    outcome: 'succeeded',
    upstreamStatus: 200,
    errorCode: '',
    streamed: false,
    usageSource: 'reported',
    inputTokens: 100,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 10,
    reasoningTokens: 0,
    firstByteMs: 12,
    durationMs: 544,
    gatewayRun: '',
    budgets: '',
    openHoldNanoUsd: '0',
    ...given,
  }
}

/** The events as the gateway publishes them. */
export function settledMessages(events: RequestSettled[]): Message[] {
  return events.map((event) => requestSettled.encode(event, 'weir/test'))
}
