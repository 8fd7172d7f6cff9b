import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAttempts } from '../stack/accounting.js'
import { chat, openCall, send, type WholeReply } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { chunk, completion, RawUpstream, type ReceivedCall, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'

/** Tokens that the gateway adds to the bytes of a body. */
const overheadTokens = 64
const maxTokens = 100

/** Dollars for a million tokens; a request with 100 output tokens costs a tenth of a dollar and a bit. */
const prices = { input_per_million: '2.50', output_per_million: '1000' }

interface Status {
  limit: string
  spent: string
  held: string
  estimated: string
  left: string
  resets_at: string | null
}

/** Dollars as text to nano-dollars. */
function nano(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

const dollars = (amount: bigint): string =>
  `${amount / 1_000_000_000n}.${String(amount % 1_000_000_000n).padStart(9, '0')}`

let home: string
let weir: Weir
let upstream: RawUpstream
let management: Management
let scene: Scene

const gateways = ['gateway-1', 'gateway-2', 'gateway-3']

const status = (path: string) => management.get<Status>(`/v1/${path}/budget`)

/** What the body of a call is worth at most: as if each byte were a token. */
function boundOf(body: unknown, outputTokens = maxTokens): bigint {
  const input = BigInt(Buffer.byteLength(JSON.stringify(body)) + overheadTokens)
  return (input * 2_500_000_000n + BigInt(outputTokens) * 1_000_000_000_000n + 999_999n) / 1_000_000n
}

async function ledgerCost(filters: Record<string, string>): Promise<bigint> {
  const attempts = await listAttempts(management, filters)
  return attempts.reduce((sum, { cost_usd }) => sum + nano(cost_usd ?? '0'), 0n)
}

/** Makes a team with a key of its own, over one model whose answers a test decides. */
async function newScene(answer: (call: ReceivedCall) => void | Promise<void>): Promise<Scene> {
  const made = await createScene(
    { url: weir.url, management, gateways },
    { baseUrl: `http://127.0.0.1:${upstream.port}/v1`, model: { prices } },
  )
  upstream.answer(made.model.name, answer)
  return made
}

const createBudget = (scope: Record<string, string>, amount: bigint, fields = {}) =>
  management.create<{ id: string }>('/v1/budgets', {
    ...{ scope, amount: dollars(amount), period: 'monthly' },
    ...fields,
  })

/** Waits until nothing is held any more, and gives the budget as it is then. */
function settled(path: string): Promise<Status> {
  return waitFor(
    async () => {
      const now = await status(path)
      return now.held === '0' ? now : undefined
    },
    { timeoutMs: 15_000, intervalMs: 100, what: `nothing to be held of ${path}` },
  )
}

const countOf = (replies: WholeReply[], wanted: number): number =>
  replies.filter((reply) => reply.status === wanted).length

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-budget-'))
  upstream = await RawUpstream.start()
  weir = await startWeir({
    home,
    port: 0,
    gateways: gateways.length,
    env: {
      WEIR_FIRST_BYTE_TIMEOUT_MS: '3000',
      WEIR_IDLE_TIMEOUT_MS: '3000',
      NODE_COMPILE_CACHE: compileCache,
    },
    quiet: true,
  })
  management = new Management(weir.url, weir.masterKey)
})

afterAll(async () => {
  await weir?.stop()
  await upstream?.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('a hard budget for exactly 50', () => {
  it('threat 21: serves 50 of 200 parallel requests over three gateways, to the nano-dollar', async () => {
    const body = chat('', { max_tokens: maxTokens })
    scene = await newScene(async (call) => {
      await sleep(50)
      const bytes = Buffer.byteLength(JSON.stringify({ ...body, model: scene.model.name }))
      call.reply(200, completion('x', bytes + overheadTokens, maxTokens))
    })
    const request = { ...body, model: scene.model.name }
    const bound = boundOf(request)
    await createBudget({ team: scene.team.id }, 50n * bound)
    await createBudget({ key: scene.virtualKey.id }, 5_000n * bound)
    await sleep(300)
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => send({ url: weir.url, key: scene.key, body: request })),
    )
    expect([countOf(replies, 200), countOf(replies, 429)]).toEqual([50, 150])
    const refused = replies.find((reply) => reply.status === 429)
    expect(refused?.headers['x-should-retry']).toBe('false')
    expect(refused?.text).toContain('budget_exceeded')
    expect(refused?.text).toContain(`The budget of the team \`${scene.team.id}\``)
    const { resets_at } = await status(`teams/${scene.team.id}`)
    expect(refused?.text).toContain(String(resets_at))
    await waitFor(async () => (await listAttempts(management, { key: scene.virtualKey.id })).length === 50)
    const now = await settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(50n * bound)
    expect(nano(now.spent)).toBe(await ledgerCost({ key: scene.virtualKey.id }))
    expect(now).toMatchObject({ held: '0', estimated: '0', left: '0' })
    expect(await settled(`keys/${scene.virtualKey.id}`)).toMatchObject({ spent: now.spent, estimated: '0' })
  })
})
