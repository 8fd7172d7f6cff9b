import { type Message, usageRated, type UsageRated } from '@weir/contracts'
import { randomUUID } from 'node:crypto'

/** A rated attempt, each its own, with what a test cares about. */
export function ratedEvent(given: Partial<UsageRated> = {}): UsageRated {
  return {
    eventId: randomUUID(),
    requestId: `req_${randomUUID()}`,
    attempt: 1,
    startedAt: '2026-03-10T10:20:30.456Z',
    endedAt: '2026-03-10T10:20:31.000Z',
    ratedAt: '2026-03-10T10:20:31.200Z',
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
    priceId: 'price_1',
    outcome: 'succeeded',
    usageSource: 'reported',
    inputTokens: 100,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 10,
    reasoningTokens: 0,
    cost: '0.000001000',
    currency: 'USD',
    gatewayRun: '',
    budgets: '',
    openHoldNanoUsd: '0',
    ...given,
  }
}

/** The events as metering publishes them. */
export function ratedMessages(events: UsageRated[]): Message[] {
  return events.map((event) => usageRated.encode(event, 'weir/test'))
}
