import { budgetCrossed } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAttempts } from '../stack/accounting.js'
import { chat, openCall, send } from '../stack/client.js'
import { chunk, completion, type ReceivedCall } from '../stack/raw-upstream.js'
import type { Scene } from '../stack/scene.js'
import { readTopic } from '../stack/topics.js'
import {
  boundOf,
  countOf,
  dollars,
  ledgerCost,
  maxTokens,
  nano,
  overheadTokens,
  type Status,
} from './budget-bound.js'
import { BudgetStack } from './budget-stack.js'
import { createPerson } from './people.js'

let stack: BudgetStack
let scene: Scene

beforeAll(async () => {
  stack = await BudgetStack.start()
})
afterAll(() => stack?.stop())

describe('a hard budget for exactly 50', () => {
  it('threat 21: serves 50 of 200 parallel requests over three gateways, to the nano-dollar', async () => {
    const body = chat('', { max_tokens: maxTokens })
    scene = await stack.createScene(async (call) => {
      await sleep(50)
      const bytes = Buffer.byteLength(JSON.stringify({ ...body, model: scene.model.name }))
      call.reply(200, completion('x', bytes + overheadTokens, maxTokens))
    })
    const request = { ...body, model: scene.model.name }
    const bound = boundOf(request)
    await stack.createBudget({ team: scene.team.id }, 50n * bound)
    await stack.createBudget({ key: scene.virtualKey.id }, 5_000n * bound)
    await stack.whenKnown()
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => send({ url: stack.url, key: scene.key, body: request })),
    )
    expect([countOf(replies, 200), countOf(replies, 429)]).toEqual([50, 150])
    const refused = replies.find((reply) => reply.status === 429)
    expect(refused?.headers['x-should-retry']).toBe('false')
    expect(refused?.text).toContain('budget_exceeded')
    expect(refused?.text).toContain(`The budget of the team \`${scene.team.id}\``)
    const { resets_at } = await stack.status(`teams/${scene.team.id}`)
    expect(refused?.text).toContain(String(resets_at))
    await waitFor(
      async () => (await listAttempts(stack.management, { key: scene.virtualKey.id })).length === 50,
    )
    const now = await stack.settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(50n * bound)
    expect(nano(now.spent)).toBe(await ledgerCost(stack.management, scene.virtualKey.id))
    expect(now).toMatchObject({ held: '0', estimated: '0', left: '0' })
    expect(await stack.settled(`keys/${scene.virtualKey.id}`)).toMatchObject({
      spent: now.spent,
      estimated: '0',
    })
  })

  it('is fully usable: what calls cost less than was held for them is spent by others', async () => {
    const body = chat('', { max_tokens: maxTokens })
    scene = await stack.createScene((call) => call.reply(200, completion('x', 40, maxTokens / 2)))
    const request = { ...body, model: scene.model.name }
    const bound = boundOf(request)
    await stack.createBudget({ team: scene.team.id }, 50n * bound)
    await stack.whenKnown()
    let served = 0
    for (;;) {
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => send({ url: stack.url, key: scene.key, body: request })),
      )
      served += countOf(replies, 200)
      if (countOf(replies, 200) === 0) break
    }
    await waitFor(
      async () => (await listAttempts(stack.management, { key: scene.virtualKey.id })).length === served,
    )
    const now = await stack.settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(stack.management, scene.virtualKey.id))
    // Less is left than one more request may cost.
    expect(nano(now.left) < bound).toBe(true)
    expect(served).toBeGreaterThan(90)
  })
})

describe('what a request may cost', () => {
  it('threat 21: is multiplied by n, and n must be a number', async () => {
    scene = await stack.createScene((call) => call.reply(200, completion('x')))
    const request = chat(scene.model.name, { max_tokens: 10, n: 50 })
    await stack.createBudget({ team: scene.team.id }, boundOf(request, 500) - 1n)
    await stack.whenKnown()
    const ask = (fields: Record<string, unknown>) =>
      send({ url: stack.url, key: scene.key, body: { ...request, ...fields } })
    expect((await ask({})).status).toBe(429)
    expect((await ask({ n: 49 })).status).toBe(200)
    for (const fields of [{ n: '50' }, { n: 1.5 }, { n: 0 }, { max_tokens: '10' }, { max_tokens: -1 }]) {
      const reply = await ask(fields)
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(Object.keys(fields)[0] ?? '')])
    }
    await stack.settled(`teams/${scene.team.id}`)
  })

  it('threat 21: is bounded where the request says nothing: the output is limited upstream', async () => {
    const seen: unknown[] = []
    scene = await stack.createScene((call) => {
      seen.push(call.document['max_tokens'])
      call.reply(200, completion('x'))
    })
    const request = chat(scene.model.name)
    const { id } = await stack.createBudget({ team: scene.team.id }, boundOf(request, 16_384))
    await stack.whenKnown()
    expect((await send({ url: stack.url, key: scene.key, body: request })).status).toBe(200)
    await stack.settled(`teams/${scene.team.id}`)
    // A little was spent: the whole does not fit any more.
    expect((await send({ url: stack.url, key: scene.key, body: request })).status).toBe(429)
    await stack.management.update(`/v1/budgets/${id}`, { lowers_output: true })
    await stack.whenKnown()
    expect((await send({ url: stack.url, key: scene.key, body: request })).status).toBe(200)
    expect(seen[0]).toBe(16_384)
    expect(seen[1]).toBeLessThan(16_384)
    expect(seen[1]).toBeGreaterThan(16_300)
  })

  it('threat 21: is recorded, told of and closes the budget where a provider bills more than its bound', async () => {
    const overBound = () => stack.sumOf('weir_budget_bill_over_bound_total')
    const before = await overBound()
    scene = await stack.createScene((call) => call.reply(200, completion('x', 9, 5 * maxTokens)))
    const request = chat(scene.model.name, { max_tokens: maxTokens })
    const limit = 3n * boundOf(request)
    const { id } = await stack.createBudget({ team: scene.team.id }, limit)
    const crossed = await readTopic(stack.weir.postgres.url, budgetCrossed)
    await stack.whenKnown()
    const ask = () => send({ url: stack.url, key: scene.key, body: request })
    expect((await ask()).status).toBe(200)
    const spent = 9n * 2_500n + 5n * BigInt(maxTokens) * 1_000_000n
    await waitFor(async () => nano((await stack.status(`teams/${scene.team.id}`)).spent) === spent)
    expect(await stack.settled(`teams/${scene.team.id}`)).toMatchObject({ held: '0', left: '0' })
    expect(spent).toBeGreaterThan(limit)
    for (let time = 0; time < 6; time++) expect((await ask()).status).toBe(429)
    expect(await overBound()).toBe(before + 1)
    const told = () => crossed.events.filter(({ budget }) => budget === id)
    await waitFor(() => told().length >= 3)
    expect(told().map(({ thresholdPercent }) => thresholdPercent)).toEqual([50, 80, 100])
    await crossed.close()
  })

  it('threat 22: is not held any more when a caller leaves, or a stream is cut by either side', async () => {
    scene = await stack.createScene(async (call) => {
      if (call.document['stream'] !== true) return sleep(2_000)
      call.startStream()
      await call.event(chunk('Hello'))
      if (call.document['user'] === 'cut') call.cut()
      else await sleep(2_000)
    })
    const body = (fields: Record<string, unknown>) =>
      chat(scene.model.name, { max_tokens: maxTokens, ...fields })
    await stack.createBudget({ team: scene.team.id }, 20n * boundOf(body({ stream: true, user: 'leave' })))
    await stack.whenKnown()
    const leave = async (fields: Record<string, unknown>) => {
      const call = openCall({ url: stack.url, key: scene.key, body: body(fields) })
      call.reply.catch(() => undefined)
      call.request.on('error', () => undefined)
      await sleep(200)
      call.request.destroy()
    }
    const cut = () => send({ url: stack.url, key: scene.key, body: body({ stream: true, user: 'cut' }) })
    await Promise.all([
      ...Array.from({ length: 4 }, () => leave({})),
      ...Array.from({ length: 4 }, () => leave({ stream: true })),
      ...Array.from({ length: 4 }, () => cut().catch(() => undefined)),
    ])
    await waitFor(
      async () => (await listAttempts(stack.management, { key: scene.virtualKey.id })).length === 12,
    )
    const now = await stack.settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(stack.management, scene.virtualKey.id))
    expect(nano(now.spent)).toBeGreaterThan(0n)
    const outcomes = (await listAttempts(stack.management, { key: scene.virtualKey.id })).map(
      ({ outcome }) => outcome,
    )
    expect([...new Set(outcomes)].sort()).toEqual(['client_closed', 'cut'])
  })

  it('counts against the teams above, the workload and the organization, and the tightest refuses', async () => {
    const above = await stack.createScene((call) => call.reply(200, completion('x')))
    scene = await stack.createScene(
      (call) => {
        const bytes = Buffer.byteLength(JSON.stringify(request))
        call.reply(200, completion('x', bytes + overheadTokens, maxTokens))
      },
      { team: { parent: above.team.id } },
    )
    const request = chat(scene.model.name, { max_tokens: maxTokens })
    const bound = boundOf(request)
    await stack.createBudget({ team: above.team.id }, 2n * bound)
    await stack.createBudget({ workload: scene.workload.id }, 1_000n * bound)
    const { id } = await stack.createBudget({ organization: 'org_default' }, 1_000_000_000_000_000n)
    await stack.whenKnown()
    const statuses: number[] = []
    for (let call = 0; call < 3; call++) {
      const reply = await send({ url: stack.url, key: scene.key, body: request })
      statuses.push(reply.status)
      if (reply.status === 429) expect(reply.text).toContain(`The budget of the team \`${above.team.id}\``)
    }
    expect(statuses).toEqual([200, 200, 429])
    await waitFor(async () => nano((await stack.status(`teams/${above.team.id}`)).spent) === 2n * bound)
    expect(nano((await stack.settled(`workloads/${scene.workload.id}`)).spent)).toBe(2n * bound)
    const organization = await stack.settled('organizations/org_default')
    expect(nano(organization.spent) >= 2n * bound).toBe(true)
    await stack.management.delete(`/v1/budgets/${id}`)
  })

  it('threat 9: is seen by whoever works in a workspace that spends of it, and by nobody else', async () => {
    const answer = (call: ReceivedCall) => call.reply(200, completion('x'))
    const [own, other] = [await stack.createScene(answer), await stack.createScene(answer)]
    scene = own
    const paths = ({ team, workspace, workload, virtualKey }: Scene) => [
      ...[`teams/${team.id}`, `workspaces/${workspace.id}`],
      ...[`workloads/${workload.id}`, `keys/${virtualKey.id}`],
    ]
    for (const { team, workspace, workload, virtualKey } of [own, other]) {
      await stack.createBudget({ team: team.id }, 1_000_000_000n)
      await stack.createBudget({ workspace: workspace.id }, 2_000_000_000n)
      await stack.createBudget({ workload: workload.id }, 3_000_000_000n)
      await stack.createBudget({ key: virtualKey.id }, 4_000_000_000n)
    }
    const viewer = await createPerson(stack, { workspace: [own.workspace.id, 'viewer'] })
    const limits = async (seen: string[]) => {
      const found: unknown[] = []
      for (const path of seen) {
        const { status, body } = await viewer.management.send('GET', `/v1/${path}/budget`)
        found.push(status === 200 ? (body as Status).limit : status)
      }
      return found
    }
    expect(await limits(paths(own))).toEqual(['1', '2', '3', '4'])
    expect(await limits(paths(other))).toEqual([404, 404, 404, 404])
    expect((await viewer.management.send('GET', '/v1/budgets')).status).toBe(403)
    const path = `/v1/keys/${own.virtualKey.id}/effective`
    const { budgets } = await viewer.management.get<{ budgets: { scope: string; limit: string }[] }>(path)
    const ofScene = budgets.filter(({ scope }) => scope !== 'organization')
    expect(ofScene.map(({ scope, limit }) => [scope, limit])).toEqual([
      ['team', '1'],
      ['workspace', '2'],
      ['workload', '3'],
      ['virtual_key', '4'],
    ])
  })

  it('is spent by a key with a max_budget from its first moment on', async () => {
    scene = await stack.createScene((call) => call.reply(200, completion('x', 40, maxTokens)))
    const request = chat(scene.model.name, { max_tokens: maxTokens })
    const poor = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, workload: scene.workload.id, team: scene.team.id },
      ...{ max_budget: dollars(boundOf(request) - 1n), budget_duration: 'daily' },
    })
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => send({ url: stack.url, key: poor.key, body: request })),
    )
    expect(replies.map((reply) => reply.status)).toEqual(Array(6).fill(429))
    await stack.management.update(`/v1/keys/${poor.id}`, { max_budget: dollars(boundOf(request)) })
    await waitFor(async () => (await send({ url: stack.url, key: poor.key, body: request })).status === 200)
  })
})

describe('a budget with plenty left', () => {
  it('is held of leases: few calls to the policy service, and nothing held afterwards', async () => {
    scene = await stack.createScene((call) => call.reply(200, completion('x', 40, maxTokens / 2)))
    await stack.createBudget({ team: scene.team.id }, 100_000_000_000_000n)
    await stack.createBudget({ workspace: scene.workspace.id }, 200_000_000_000_000n)
    await stack.whenKnown()
    const body = chat(scene.model.name, { max_tokens: maxTokens })
    const exchanges = () => stack.sumOf('weir_money_exchange_duration_seconds_count')
    const before = await exchanges()
    const callOn = async () => {
      for (let call = 0; call < 60; call++) {
        expect((await send({ url: stack.url, key: scene.key, body })).status).toBe(200)
      }
    }
    await Promise.all(Array.from({ length: 10 }, callOn))
    const made = (await exchanges()) - before
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(120)
    await waitFor(
      async () => (await listAttempts(stack.management, { key: scene.virtualKey.id })).length === 600,
    )
    const now = await stack.settled(`teams/${scene.team.id}`)
    expect(nano(now.spent)).toBe(await ledgerCost(stack.management, scene.virtualKey.id))
    expect(await stack.settled(`workspaces/${scene.workspace.id}`)).toMatchObject({ spent: now.spent })
  })

  it('refuses at once when it is lowered, whatever gateways had leased', async () => {
    scene = await stack.createScene((call) => call.reply(200, completion('x', 40, maxTokens)))
    const { id } = await stack.createBudget({ team: scene.team.id }, 100_000_000_000_000n)
    await stack.whenKnown()
    const body = chat(scene.model.name, { max_tokens: maxTokens })
    const ask = async () => (await send({ url: stack.url, key: scene.key, body })).status
    expect(new Set(await Promise.all(Array.from({ length: 40 }, ask)))).toEqual(new Set([200]))
    await stack.management.update(`/v1/budgets/${id}`, { amount: '0.5' })
    await stack.whenKnown()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([429]))
    await stack.management.update(`/v1/budgets/${id}`, { amount: '1000' })
    await stack.whenKnown()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([200]))
    await stack.settled(`teams/${scene.team.id}`)
  })
})
