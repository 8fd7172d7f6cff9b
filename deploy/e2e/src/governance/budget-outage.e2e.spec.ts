import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listAttempts } from '../stack/accounting.js'
import { chat, send, type WholeReply } from '../stack/client.js'
import { completion } from '../stack/raw-upstream.js'
import type { Scene } from '../stack/scene.js'
import { countOf, dollars, ledgerCost, maxTokens, nano, prices } from './budget-bound.js'
import { BudgetStack } from './budget-stack.js'

let stack: BudgetStack
let scene: Scene

beforeAll(async () => {
  stack = await BudgetStack.start()
})
afterAll(() => stack?.stop())

/** What an earlier test has killed is back. */
beforeEach(() => whenBack())

async function whenBack(): Promise<void> {
  const isBack = async () => (await isIdle()) && (await stack.management.get('/v1/budgets')) !== undefined
  await waitFor(() => isBack().catch(() => false), { timeoutMs: 60_000, what: 'every process to be back' })
}

/** No gateway has an attempt under way, or an event that is not sent. */
async function isIdle(): Promise<boolean> {
  for (const name of ['weir_journal_open_attempts', 'weir_journal_depth']) {
    if ((await stack.sumOf(name)) > 0) return false
  }
  return true
}

/** Many callers while processes are killed, then nobody; at no moment is more spent and held than the limit. */
async function callWhileKilling({
  path,
  kills,
  everyMs,
}: {
  path: string
  kills: string[][]
  everyMs: number
}): Promise<number[]> {
  const body = chat(scene.model.name, { max_tokens: maxTokens })
  let isOver = false
  const killing = (async () => {
    for (const names of kills) {
      await sleep(everyMs)
      for (const name of names) stack.weir.processes.get(name)?.kill('SIGKILL')
    }
    await sleep(1_500)
    isOver = true
  })()
  const statuses: number[] = []
  const callOn = async () => {
    while (!isOver) {
      const reply = await send({ url: stack.url, key: scene.key, body }).catch(() => undefined)
      statuses.push(reply?.status ?? 0)
      await sleep(200)
    }
  }
  const watchOn = async () => {
    while (!isOver) {
      const now = await stack.status(path).catch(() => undefined)
      if (now) expect(nano(now.spent) + nano(now.held) + nano(now.estimated) <= nano(now.limit)).toBe(true)
      await sleep(100)
    }
  }
  await Promise.all([killing, watchOn(), ...Array.from({ length: 5 }, callOn)])
  return statuses
}

/** Calls until the budget is used up: more often than there is money, so that nobody waits for a phantom. */
async function useUp(): Promise<number> {
  const body = chat(scene.model.name, { max_tokens: maxTokens })
  // A gateway connects anew to a policy service that is back a moment after others see it.
  const call = async (): Promise<WholeReply> => {
    for (const until = Date.now() + 15_000; ;) {
      const reply = await send({ url: stack.url, key: scene.key, body })
      if (reply.status !== 503 || Date.now() > until) return reply
      await sleep(200)
    }
  }
  const replies = await Promise.all(Array.from({ length: 60 }, call))
  const served = countOf(replies, 200)
  expect(countOf(replies, 429)).toBe(60 - served)
  return served
}

describe('a hard budget for exactly 50, while processes are killed', () => {
  /** An attempt that ends costs one; one that dies with its gateway, nothing. */
  const unit = BigInt(maxTokens) * 1_000_000n
  const freeInput = { ...prices, input_per_million: '0' }

  const prepare = async () => {
    scene = await stack.createScene(
      async (call) => {
        await sleep(150)
        call.reply(200, completion('x', 40, maxTokens))
      },
      { model: { prices: freeInput } },
    )
    await stack.createBudget({ team: scene.team.id }, 50n * unit)
    await stack.createBudget({ workspace: scene.workspace.id }, 70n * unit)
    await stack.whenKnown()
    return `teams/${scene.team.id}`
  }

  /** All that was begun is at its end and rated, and nothing is held. */
  const whenAllIsOver = (path: string) =>
    waitFor(
      async () => {
        const [ledger, budget] = [
          await ledgerCost(stack.management, scene.virtualKey.id),
          await stack.status(path),
        ]
        const isSettled = budget.held === '0' && budget.estimated === '0' && nano(budget.spent) === ledger
        return isSettled && (await isIdle()) ? budget : undefined
      },
      { timeoutMs: 30_000, intervalMs: 200, what: 'all to be settled and nothing to be held' },
    )

  const expectUsedUp = async (path: string) => {
    const end = await whenAllIsOver(path)
    expect(nano(end.spent)).toBe(50n * unit)
    expect(end.left).toBe('0')
    const attempts = await listAttempts(stack.management, { key: scene.virtualKey.id })
    expect(attempts.filter(({ cost_usd }) => nano(cost_usd ?? '0') > 0n).length).toBe(50)
    expect(await whenAllIsOver(`workspaces/${scene.workspace.id}`)).toMatchObject({
      left: dollars(20n * unit).replace(/\.?0+$/, ''),
    })
  }

  it('threat 21, 22: is used up to the nano-dollar after gateways were killed, and never beyond', async () => {
    const path = await prepare()
    const kills = [['gateway-1'], ['gateway-2', 'gateway-3'], ['gateway-1', 'policy'], ['gateway-2']]
    const statuses = await callWhileKilling({ path, kills, everyMs: 700 })
    const served = statuses.filter((code) => code === 200).length
    expect(served).toBeGreaterThan(0)
    expect(served).toBeLessThanOrEqual(50)
    const before = await whenAllIsOver(path)
    // Whoever was cut has had an answer of which its gateway did not live to tell: it is in the ledger, or costs nothing.
    expect(nano(before.spent) >= BigInt(served) * unit).toBe(true)
    expect(BigInt(await useUp()) * unit).toBe(nano(before.left))
    await expectUsedUp(path)
  })

  it('threat 21, 22: is used up to the nano-dollar after the policy service was killed, and never beyond', async () => {
    const path = await prepare()
    const statuses = await callWhileKilling({
      path,
      kills: [['policy'], ['policy'], ['policy']],
      everyMs: 2_000,
    })
    const served = statuses.filter((code) => code === 200).length
    expect(served).toBeGreaterThan(0)
    const before = await whenAllIsOver(path)
    expect(nano(before.spent)).toBe(BigInt(served) * unit)
    expect(served + (await useUp())).toBe(50)
    await expectUsedUp(path)
  })
})

describe('while the policy service is down', () => {
  it('hard budgets refuse once their leases are used up, soft ones go on and are counted', async () => {
    const [hard, soft] = [
      await stack.createScene((call) => call.reply(200, completion('x'))),
      await stack.createScene((call) => call.reply(200, completion('x'))),
    ]
    await stack.createBudget({ team: hard.team.id }, 1_000_000_000n)
    await stack.createBudget({ team: soft.team.id }, 1n, { hard: false })
    await stack.whenKnown()
    const ask = (one: Scene) =>
      send({ url: stack.url, key: one.key, body: chat(one.model.name, { max_tokens: maxTokens }) })
    expect([(await ask(hard)).status, (await ask(soft)).status]).toEqual([200, 200])
    await stack.weir.processes.get('policy')?.stop()
    try {
      await sleep(6_500)
      const refused = await ask(hard)
      expect([refused.status, refused.text]).toEqual([
        503,
        expect.stringContaining('A hard budget applies here'),
      ])
      expect((await ask(soft)).status).toBe(200)
      expect(await stack.sumOf('weir_budget_unchecked_total')).toBe(1)
      for (const name of stack.gateways) stack.weir.processes.get(name)?.kill('SIGKILL')
      await waitFor(async () => (await ask(soft).catch(() => undefined))?.status === 200, {
        timeoutMs: 20_000,
      })
      // Each of them knows from its disk that it may not spend.
      const again = await Promise.all(Array.from({ length: 12 }, () => ask(hard)))
      expect(new Set(again.map((reply) => reply.status))).toEqual(new Set([503]))
    } finally {
      await stack.weir.processes.get('policy')?.start()
    }
    await waitFor(async () => (await ask(hard)).status === 200, { timeoutMs: 15_000 })
  })
})
