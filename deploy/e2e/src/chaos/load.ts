import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, ClientOutcome } from './client.js'
import type { PlannedRequest } from './plan.js'

/** Requests that may be under way at once; more would say that Weir has stopped, and only use up memory. */
const mostUnderway = 1_000

/** Begins requests at a fixed rate, whatever becomes of those before, and waits for all of them. */
export async function runLoad(options: {
  client: Client
  requests: PlannedRequest[]
  /** Begun in a second. */
  rate: number
  onOutcome: (outcome: ClientOutcome) => void
}): Promise<ClientOutcome[]> {
  const { client, requests, rate, onOutcome } = options
  const outcomes: ClientOutcome[] = []
  const underway = new Set<Promise<void>>()
  const beganAt = performance.now()
  for (const [index, request] of requests.entries()) {
    const waitMs = beganAt + (index * 1_000) / rate - performance.now()
    if (waitMs > 1) await sleep(waitMs)
    if (underway.size >= mostUnderway) await Promise.race(underway)
    const one: Promise<void> = client.send(request).then((outcome) => {
      outcomes.push(outcome)
      onOutcome(outcome)
      underway.delete(one)
    })
    underway.add(one)
  }
  await Promise.all(underway)
  return outcomes
}
