import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAttempts } from '../stack/accounting.js'
import { chat, openCall, send } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { chunk, completion, RawUpstream, type ReceivedCall } from '../stack/raw-upstream.js'
import { sumOfGateways } from '../stack/metrics.js'
import { createScene, type Scene } from '../stack/scene.js'
import { boundOf, countOf, dollars, ledgerCost, maxTokens, nano } from './budget-bound.js'
import { overheadTokens, prices, type Status, whenSettled } from './budget-bound.js'

let home: string
let weir: Weir
let upstream: RawUpstream
let management: Management
let scene: Scene

const gateways = ['gateway-1', 'gateway-2', 'gateway-3']

const status = (path: string) => management.get<Status>(`/v1/${path}/budget`)

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

const settled = (path: string) => whenSettled(management, path)

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
    expect(nano(now.spent)).toBe(await ledgerCost(management, scene.virtualKey.id))
    expect(now).toMatchObject({ held: '0', estimated: '0', left: '0' })
    expect(await settled(`keys/${scene.virtualKey.id}`)).toMatchObject({ spent: now.spent, estimated: '0' })
  })

  it('is fully usable: what calls cost less than was held for them is spent by others', async () => {
    const body = chat('', { max_tokens: maxTokens })
    scene = await newScene((call) => call.reply(200, completion('x', 40, maxTokens / 2)))
    const request = { ...body, model: scene.model.name }
    const bound = boundOf(request)
    await createBudget({ team: scene.team.id }, 50n * bound)
    await sleep(300)
    let served = 0
    for (;;) {
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => send({ url: weir.url, key: scene.key, body: request })),
      )
      served += countOf(replies, 200)
      if (countOf(replies, 200) === 0) break
    }
    await waitFor(
      async () => (await listAttempts(management, { key: scene.virtualKey.id })).length === served,
    )
    const now = await settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(management, scene.virtualKey.id))
    // Less is left than one more request may cost.
    expect(nano(now.left) < bound).toBe(true)
    expect(served).toBeGreaterThan(90)
  })
})

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
      for (const name of names) weir.processes.get(name)?.kill('SIGKILL')
    }
    await sleep(1_500)
    isOver = true
  })()
  const statuses: number[] = []
  const callOn = async () => {
    while (!isOver) {
      const reply = await send({ url: weir.url, key: scene.key, body }).catch(() => undefined)
      statuses.push(reply?.status ?? 0)
      await sleep(200)
    }
  }
  const watchOn = async () => {
    while (!isOver) {
      const now = await status(path).catch(() => undefined)
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
  const replies = await Promise.all(
    Array.from({ length: 60 }, () => send({ url: weir.url, key: scene.key, body })),
  )
  const served = countOf(replies, 200)
  expect(countOf(replies, 429)).toBe(60 - served)
  return served
}

describe('a hard budget for exactly 50, while processes are killed', () => {
  /** An attempt that ends costs one; one that dies with its gateway, nothing. */
  const unit = BigInt(maxTokens) * 1_000_000n
  const freeInput = { ...prices, input_per_million: '0' }

  const prepare = async () => {
    scene = await createScene(
      { url: weir.url, management, gateways },
      { baseUrl: `http://127.0.0.1:${upstream.port}/v1`, model: { prices: freeInput } },
    )
    upstream.answer(scene.model.name, async (call) => {
      await sleep(150)
      call.reply(200, completion('x', 40, maxTokens))
    })
    await createBudget({ team: scene.team.id }, 50n * unit)
    await createBudget({ workspace: scene.workspace.id }, 70n * unit)
    await sleep(300)
    return `teams/${scene.team.id}`
  }

  /** All that was begun is at its end and rated, and nothing is held. */
  const whenAllIsOver = (path: string) =>
    waitFor(
      async () => {
        const [ledger, budget] = [await ledgerCost(management, scene.virtualKey.id), await status(path)]
        const isSettled = budget.held === '0' && budget.estimated === '0' && nano(budget.spent) === ledger
        return isSettled && (await isIdle()) ? budget : undefined
      },
      { timeoutMs: 30_000, intervalMs: 200, what: 'all to be settled and nothing to be held' },
    )

  const expectUsedUp = async (path: string) => {
    const end = await whenAllIsOver(path)
    expect(nano(end.spent)).toBe(50n * unit)
    expect(end.left).toBe('0')
    const attempts = await listAttempts(management, { key: scene.virtualKey.id })
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
    expect(served).toBeGreaterThan(10)
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
    expect(served).toBeGreaterThan(10)
    const before = await whenAllIsOver(path)
    expect(nano(before.spent)).toBe(BigInt(served) * unit)
    expect(served + (await useUp())).toBe(50)
    await expectUsedUp(path)
  })
})

/** No gateway has an attempt under way, or an event that is not sent. */
async function isIdle(): Promise<boolean> {
  for (const name of ['weir_journal_open_attempts', 'weir_journal_depth']) {
    if ((await sumOfGateways({ ports: weir.ports, gateways }, name)) > 0) return false
  }
  return true
}

describe('what a request may cost', () => {
  it('threat 21: is multiplied by n, and n must be a number', async () => {
    scene = await newScene((call) => call.reply(200, completion('x')))
    const request = chat(scene.model.name, { max_tokens: 10, n: 50 })
    await createBudget({ team: scene.team.id }, boundOf(request, 500) - 1n)
    await sleep(300)
    const ask = (fields: Record<string, unknown>) =>
      send({ url: weir.url, key: scene.key, body: { ...request, ...fields } })
    expect((await ask({})).status).toBe(429)
    expect((await ask({ n: 49 })).status).toBe(200)
    for (const fields of [{ n: '50' }, { n: 1.5 }, { n: 0 }, { max_tokens: '10' }, { max_tokens: -1 }]) {
      const reply = await ask(fields)
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(Object.keys(fields)[0] ?? '')])
    }
    await settled(`teams/${scene.team.id}`)
  })

  it('threat 21: is bounded where the request says nothing: the output is limited upstream', async () => {
    const seen: unknown[] = []
    scene = await newScene((call) => {
      seen.push(call.document['max_tokens'])
      call.reply(200, completion('x'))
    })
    const request = chat(scene.model.name)
    const { id } = await createBudget({ team: scene.team.id }, boundOf(request, 16_384))
    await sleep(300)
    expect((await send({ url: weir.url, key: scene.key, body: request })).status).toBe(200)
    await settled(`teams/${scene.team.id}`)
    // A little was spent: the whole does not fit any more.
    expect((await send({ url: weir.url, key: scene.key, body: request })).status).toBe(429)
    await management.update(`/v1/budgets/${id}`, { lowers_output: true })
    await sleep(300)
    expect((await send({ url: weir.url, key: scene.key, body: request })).status).toBe(200)
    expect(seen[0]).toBe(16_384)
    expect(seen[1]).toBeLessThan(16_384)
    expect(seen[1]).toBeGreaterThan(16_300)
  })

  it('threat 22: is not held any more when a caller leaves, or a stream is cut by either side', async () => {
    scene = await newScene(async (call) => {
      if (call.document['stream'] !== true) return sleep(2_000)
      call.startStream()
      await call.event(chunk('Hello'))
      if (call.document['user'] === 'cut') call.cut()
      else await sleep(2_000)
    })
    const body = (fields: Record<string, unknown>) =>
      chat(scene.model.name, { max_tokens: maxTokens, ...fields })
    await createBudget({ team: scene.team.id }, 20n * boundOf(body({ stream: true, user: 'leave' })))
    await sleep(300)
    const leave = async (fields: Record<string, unknown>) => {
      const call = openCall({ url: weir.url, key: scene.key, body: body(fields) })
      call.reply.catch(() => undefined)
      call.request.on('error', () => undefined)
      await sleep(200)
      call.request.destroy()
    }
    const cut = () => send({ url: weir.url, key: scene.key, body: body({ stream: true, user: 'cut' }) })
    await Promise.all([
      ...Array.from({ length: 4 }, () => leave({})),
      ...Array.from({ length: 4 }, () => leave({ stream: true })),
      ...Array.from({ length: 4 }, () => cut().catch(() => undefined)),
    ])
    await waitFor(async () => (await listAttempts(management, { key: scene.virtualKey.id })).length === 12)
    const now = await settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(management, scene.virtualKey.id))
    expect(nano(now.spent)).toBeGreaterThan(0n)
    const outcomes = (await listAttempts(management, { key: scene.virtualKey.id })).map(
      ({ outcome }) => outcome,
    )
    expect([...new Set(outcomes)].sort()).toEqual(['client_closed', 'cut'])
  })

  it('counts against the teams above, the workload and the organization, and the tightest refuses', async () => {
    const above = await newScene((call) => call.reply(200, completion('x')))
    scene = await createScene(
      { url: weir.url, management, gateways },
      {
        baseUrl: `http://127.0.0.1:${upstream.port}/v1`,
        model: { prices },
        team: { parent: above.team.id },
      },
    )
    const request = chat(scene.model.name, { max_tokens: maxTokens })
    const bound = boundOf(request)
    await createBudget({ team: above.team.id }, 2n * bound)
    await createBudget({ workload: scene.workload.id }, 1_000n * bound)
    const { id } = await createBudget({ organization: 'org_default' }, 1_000_000_000_000_000n)
    await sleep(300)
    const statuses: number[] = []
    upstream.answer(scene.model.name, (call) => {
      const bytes = Buffer.byteLength(JSON.stringify(request))
      call.reply(200, completion('x', bytes + overheadTokens, maxTokens))
    })
    for (let call = 0; call < 3; call++) {
      const reply = await send({ url: weir.url, key: scene.key, body: request })
      statuses.push(reply.status)
      if (reply.status === 429) expect(reply.text).toContain(`The budget of the team \`${above.team.id}\``)
    }
    expect(statuses).toEqual([200, 200, 429])
    await waitFor(async () => nano((await status(`teams/${above.team.id}`)).spent) === 2n * bound)
    expect(nano((await settled(`workloads/${scene.workload.id}`)).spent)).toBe(2n * bound)
    const organization = await settled('organizations/org_default')
    expect(nano(organization.spent) >= 2n * bound).toBe(true)
    await management.delete(`/v1/budgets/${id}`)
  })

  it('is spent by a key with a max_budget from its first moment on', async () => {
    scene = await newScene((call) => call.reply(200, completion('x', 40, maxTokens)))
    const request = chat(scene.model.name, { max_tokens: maxTokens })
    const poor = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, workload: scene.workload.id, team: scene.team.id },
      ...{ max_budget: dollars(boundOf(request) - 1n), budget_duration: 'daily' },
    })
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => send({ url: weir.url, key: poor.key, body: request })),
    )
    expect(replies.map((reply) => reply.status)).toEqual(Array(6).fill(429))
    await management.update(`/v1/keys/${poor.id}`, { max_budget: dollars(boundOf(request)) })
    await waitFor(async () => (await send({ url: weir.url, key: poor.key, body: request })).status === 200)
  })
})

describe('a budget with plenty left', () => {
  it('is held of leases: few calls to the policy service, and nothing held afterwards', async () => {
    scene = await newScene((call) => call.reply(200, completion('x', 40, maxTokens / 2)))
    await createBudget({ team: scene.team.id }, 100_000_000_000_000n)
    await createBudget({ workspace: scene.workspace.id }, 200_000_000_000_000n)
    await sleep(300)
    const body = chat(scene.model.name, { max_tokens: maxTokens })
    const exchanges = () =>
      sumOfGateways({ ports: weir.ports, gateways }, 'weir_money_exchange_duration_seconds_count')
    const before = await exchanges()
    const callOn = async () => {
      for (let call = 0; call < 60; call++) {
        expect((await send({ url: weir.url, key: scene.key, body })).status).toBe(200)
      }
    }
    await Promise.all(Array.from({ length: 10 }, callOn))
    const made = (await exchanges()) - before
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(120)
    await waitFor(async () => (await listAttempts(management, { key: scene.virtualKey.id })).length === 600)
    const now = await settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(management, scene.virtualKey.id))
    expect(await settled(`workspaces/${scene.workspace.id}`)).toMatchObject({ spent: now.spent })
  })

  it('refuses at once when it is lowered, whatever gateways had leased', async () => {
    scene = await newScene((call) => call.reply(200, completion('x', 40, maxTokens)))
    const { id } = await createBudget({ team: scene.team.id }, 100_000_000_000_000n)
    await sleep(300)
    const body = chat(scene.model.name, { max_tokens: maxTokens })
    const ask = async () => (await send({ url: weir.url, key: scene.key, body })).status
    expect(new Set(await Promise.all(Array.from({ length: 40 }, ask)))).toEqual(new Set([200]))
    await management.update(`/v1/budgets/${id}`, { amount: '0.5' })
    await sleep(300)
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([429]))
    await management.update(`/v1/budgets/${id}`, { amount: '1000' })
    await sleep(300)
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([200]))
    await settled(`teams/${scene.team.id}`)
  })
})

describe('while the policy service is down', () => {
  it('hard budgets refuse once their leases are used up, soft ones go on and are counted', async () => {
    const [hard, soft] = [
      await newScene((call) => call.reply(200, completion('x'))),
      await newScene((call) => call.reply(200, completion('x'))),
    ]
    await createBudget({ team: hard.team.id }, 1_000_000_000n)
    await createBudget({ team: soft.team.id }, 1n, { hard: false })
    await sleep(300)
    const ask = (one: Scene) =>
      send({ url: weir.url, key: one.key, body: chat(one.model.name, { max_tokens: maxTokens }) })
    expect([(await ask(hard)).status, (await ask(soft)).status]).toEqual([200, 200])
    await weir.processes.get('policy')?.stop()
    try {
      await sleep(6_500)
      const refused = await ask(hard)
      expect([refused.status, refused.text]).toEqual([
        503,
        expect.stringContaining('A hard budget applies here'),
      ])
      expect((await ask(soft)).status).toBe(200)
      expect(await sumOfGateways({ ports: weir.ports, gateways }, 'weir_budget_unchecked_total')).toBe(1)
      for (const name of gateways) weir.processes.get(name)?.kill('SIGKILL')
      await waitFor(async () => (await ask(soft).catch(() => undefined))?.status === 200, {
        timeoutMs: 20_000,
      })
      // Each of them knows from its disk that it may not spend.
      const again = await Promise.all(Array.from({ length: 12 }, () => ask(hard)))
      expect(new Set(again.map((reply) => reply.status))).toEqual(new Set([503]))
    } finally {
      await weir.processes.get('policy')?.start()
    }
    await waitFor(async () => (await ask(hard)).status === 200, { timeoutMs: 15_000 })
  })
})
