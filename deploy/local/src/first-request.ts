import { setTimeout as sleep } from 'node:timers/promises'
import { DEMO_MODEL, DEMO_TEAM } from './demo.js'
import { LaunchError } from './launch-error.js'
import type { Management } from './management.js'

/** What one real call did. */
export interface FirstRequest {
  inputTokens: number
  outputTokens: number
  /** Dollars, as a decimal text. */
  costUsd: string
  callMs: number
  /** From the end of the call until its cost stood on the business unit. */
  costMs: number
}

/** A change is in force within a second; a slow machine gets some more. */
const IN_FORCE_MS = 10_000
const COST_TIMEOUT_MS = 30_000
const DAY_MS = 86_400_000

/** Thrown when the demo key is refused: it was revoked, or belongs to other data. */
export class DemoKeyRefused extends LaunchError {}

/** Sends a completion with the demo key and waits until `/v1/costs` shows it for the demo team. */
export async function makeFirstRequest(
  url: string,
  demoKey: string,
  management: Management,
): Promise<FirstRequest> {
  const before = await demoCosts(management)
  const began = Date.now()
  const usage = await complete(url, demoKey)
  const ended = Date.now()
  for (;;) {
    const after = await demoCosts(management)
    if (after.requests > before.requests) {
      return {
        inputTokens: usage.prompt_tokens,
        outputTokens: usage.completion_tokens,
        costUsd: dollars(after.cost - before.cost),
        callMs: ended - began,
        costMs: Date.now() - ended,
      }
    }
    if (Date.now() - ended > COST_TIMEOUT_MS) {
      throw new LaunchError(
        `The demo call was answered, but its cost did not reach /v1/costs within ${COST_TIMEOUT_MS / 1000} s; ` +
          'see the logs of metering and aggregator.',
      )
    }
    await sleep(50)
  }
}

/** A line for a terminal that makes the same call. */
export function curlLine(url: string, demoKey: string): string {
  const body = { model: DEMO_MODEL, messages: [{ role: 'user', content: 'Hello' }] }
  return (
    `curl ${url}/v1/chat/completions -H 'authorization: Bearer ${demoKey}' ` +
    `-H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  )
}

async function complete(
  url: string,
  demoKey: string,
): Promise<{ prompt_tokens: number; completion_tokens: number }> {
  const deadline = Date.now() + IN_FORCE_MS
  for (;;) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demoKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: DEMO_MODEL,
        messages: [{ role: 'user', content: 'Say hello to the river.' }],
      }),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: unknown) => {
      throw new LaunchError(
        `The demo call failed: ${error instanceof Error ? error.message : String(error)}.`,
      )
    })
    const body = (await response.json().catch(() => ({}))) as Completion
    if (response.ok && body.usage !== undefined) return body.usage
    if (Date.now() > deadline) {
      const message = `The demo call was answered with ${response.status} ${body.error?.code ?? ''}: ${body.error?.message ?? ''}`
      throw response.status === 401 ? new DemoKeyRefused(message) : new LaunchError(message)
    }
    // A key that is unknown a second after the start is unknown for good.
    if (response.status === 401 && Date.now() > deadline - IN_FORCE_MS + 2_000) {
      throw new DemoKeyRefused(`The demo key was refused: ${body.error?.message ?? ''}`)
    }
    await sleep(100)
  }
}

interface Completion {
  usage?: { prompt_tokens: number; completion_tokens: number }
  error?: { message?: string; code?: string }
}

/** The demo team's sums of these days; both sides of midnight, since the call may cross it. */
async function demoCosts(management: Management): Promise<{ requests: number; cost: bigint }> {
  const start = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS).toISOString()
  const end = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS).toISOString()
  let requests = 0
  let cost = 0n
  let cursor: string | null = null
  do {
    const query: URLSearchParams = new URLSearchParams({
      start,
      end,
      interval: 'day',
      group_by: 'team',
      limit: '1000',
    })
    if (cursor !== null) query.set('cursor', cursor)
    const page: CostPage = await management.get<CostPage>(`/v1/costs?${query.toString()}`)
    for (const row of page.data.filter(({ team }) => team === DEMO_TEAM)) {
      requests += row.requests
      cost += picoDollars(row.cost_usd)
    }
    cursor = page.next_cursor
  } while (cursor !== null)
  return { requests, cost }
}

interface CostPage {
  data: { team: string | null; requests: number; cost_usd: string }[]
  next_cursor: string | null
}

/** Digits after the point that are kept; three more than Weir computes with. */
const SCALE = 12

function picoDollars(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return BigInt(whole + fraction.slice(0, SCALE).padEnd(SCALE, '0'))
}

function dollars(pico: bigint): string {
  const digits = pico.toString().padStart(SCALE + 1, '0')
  const fraction = digits.slice(-SCALE).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -SCALE) : `${digits.slice(0, -SCALE)}.${fraction}`
}
