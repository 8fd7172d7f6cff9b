import { waitFor } from '@weir/testing'
import { expect } from 'vitest'
import { listAttempts } from '../stack/accounting.js'
import { chat, send, type WholeReply } from '../stack/client.js'
import type { Management } from '../stack/management.js'
import type { Scene } from '../stack/scene.js'

/** Tokens that the gateway adds to the bytes of a body. */
export const overheadTokens = 64
export const maxTokens = 100

/** Dollars for a million tokens; a request with 100 output tokens costs a tenth of a dollar and a bit. */
export const prices = { input_per_million: '2.50', output_per_million: '1000' }

/** What `GET …/budget` answers. */
export interface Status {
  limit: string
  spent: string
  held: string
  estimated: string
  left: string
  resets_at: string | null
}

/** Dollars as text to nano-dollars. */
export function nano(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Nano-dollars to dollars as text. */
export const dollars = (amount: bigint): string =>
  `${amount / 1_000_000_000n}.${String(amount % 1_000_000_000n).padStart(9, '0')}`

/** What the body of a call is worth at most: as if each byte were a token. */
export function boundOf(body: unknown, outputTokens = maxTokens): bigint {
  const input = BigInt(Buffer.byteLength(JSON.stringify(body)) + overheadTokens)
  return (input * 2_500_000_000n + BigInt(outputTokens) * 1_000_000_000_000n + 999_999n) / 1_000_000n
}

/** How many replies have a status. */
export const countOf = (replies: WholeReply[], wanted: number): number =>
  replies.filter((reply) => reply.status === wanted).length

/** What a key has cost by the ledger, nano-dollars. */
export async function ledgerCost(management: Management, key: string): Promise<bigint> {
  const attempts = await listAttempts(management, { key })
  return attempts.reduce((sum, { cost_usd }) => sum + nano(cost_usd ?? '0'), 0n)
}

/** Waits until nothing is held any more, and gives the budget as it is then. */
export function whenSettled(management: Management, path: string): Promise<Status> {
  return waitFor(
    async () => {
      const now = await management.get<Status>(`/v1/${path}/budget`)
      return now.held === '0' ? now : undefined
    },
    { timeoutMs: 15_000, intervalMs: 100, what: `nothing to be held of ${path}` },
  )
}

/**
 * Waits until the gateways know all budgets as they are now. They hear of them in the order of the changes, and a
 * call of a key with a budget waits until that one is known: so one is made, of a key of its own.
 *
 * @param witness an application with no budget, since it spends a little
 */
export async function whenBudgetsAreKnown(weir: { url: string }, witness: Scene): Promise<void> {
  const { factory, workspace, workload, team, model } = witness
  const { key } = await factory.createVirtualKey({
    ...{ workspace: workspace.id, workload: workload.id, team: team.id },
    ...{ max_budget: '1000', budget_duration: 'daily' },
  })
  // The system chooses a gateway for each connection: of sixteen each of three has some, but once in 200 times.
  const body = chat(model.name, { max_tokens: 1 })
  const replies = await Promise.all(Array.from({ length: 16 }, () => send({ url: weir.url, key, body })))
  expect(replies.map(({ status }) => status)).toEqual(Array(16).fill(200))
}
