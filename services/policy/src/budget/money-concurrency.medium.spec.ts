import type { policyV1 } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ratedEvent, RunningPolicy } from '../testing/running-policy.js'
import { endRun, grantHold, type PeriodState, takeBack } from './money-rules.js'

/** An operation of a history, with when it was called and answered. */
interface Operation {
  gateway: string
  hold?: { budgets: readonly number[]; amount: bigint }
  /** All that the gateway gave back of the first budget so far. */
  returned?: bigint
  /** The gateway's run is over, and nothing of it is to be charged. */
  ends?: boolean
  /** Nano-dollars granted, or the budget that refused, or `over`: the run had ended. */
  answer: bigint | string
  calledAt: number
  answeredAt: number
}

/** Budgets, and the runs that have ended. */
interface Register {
  states: PeriodState[]
  ended: ReadonlySet<string>
}

/** The register after an operation; undefined when one after the other would have been answered otherwise. */
function apply(register: Register, ids: string[], operation: Operation): Register | undefined {
  const { gateway, hold, returned, ends, answer } = operation
  const states = copy(register.states)
  if (ends) {
    for (const state of states) endRun(state, gateway)
    return { states, ended: new Set([...register.ended, gateway]) }
  }
  if (register.ended.has(gateway)) return answer === 'over' ? register : undefined
  const [first] = states
  if (returned !== undefined && first) takeBack(first, gateway, returned)
  if (!hold) return { ...register, states }
  const parts = hold.budgets.map((index) => ({ state: states[index] as PeriodState, least: hold.amount }))
  const result = grantHold(parts, gateway, hold.amount)
  const expected = 'granted' in result ? result.granted : ids[hold.budgets[result.refusedBy] ?? 0]
  return expected === answer ? { ...register, states } : undefined
}

const copy = (states: PeriodState[]): PeriodState[] =>
  states.map((state) => ({
    ...state,
    leases: new Map([...state.leases].map(([gateway, lease]) => [gateway, { ...lease }])),
  }))

/** Whether the operations may have happened one after the other, each at a moment between its call and its answer. */
function isLinearizable(register: Register, ids: string[], left: Operation[]): boolean {
  if (left.length === 0) return true
  const earliestAnswer = Math.min(...left.map(({ answeredAt }) => answeredAt))
  return left
    .filter(({ calledAt }) => calledAt <= earliestAnswer)
    .some((operation) => {
      const next = apply(register, ids, operation)
      const others = left.filter((other) => other !== operation)
      return next !== undefined && isLinearizable(next, ids, others)
    })
}

describe('money, asked for at once', () => {
  let policy: RunningPolicy
  let teams = 0

  beforeAll(async () => void (policy = await RunningPolicy.start()))
  afterAll(() => policy.stop())

  const newBudget = async (amount: bigint) => {
    const team = `team-${teams++}`
    policy.identity.setTeam(team)
    const dollars = `0.${String(amount).padStart(9, '0')}`
    const { id } = await policy.createBudget({ scope: { team }, amount: dollars })
    return { id, team }
  }

  const anyHistory = fc.array(
    fc.record({
      gateway: fc.constantFrom('run-1', 'run-2', 'run-3'),
      budgets: fc.constantFrom([0], [1], [0, 1], [1, 0]),
      amount: fc.bigInt({ min: 1n, max: 60n }),
      gives: fc.boolean(),
      ends: fc.integer({ min: 0, max: 5 }).map((chance) => chance === 0),
    }),
    { minLength: 4, maxLength: 8 },
  )

  it('is answered as if one had asked after the other', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (steps) => {
        const budgets = [await newBudget(100n), await newBudget(80n)]
        const ids = budgets.map(({ id }) => id)
        const first = ids[0] ?? ''
        const states: PeriodState[] = [100n, 80n].map((limit) => ({ limit, spent: 0n, leases: new Map() }))
        const names = ['run-1', 'run-2', 'run-3']
        const runOf = (name: string) => `${name}-${first}`
        // Something to give back.
        let periodStartMs = ''
        const returned = new Map<string, bigint>()
        for (const gateway of names.map(runOf)) {
          const hold = { budgets: [first], amountNanoUsd: '10', leastNanoUsd: '10' }
          const { leases } = await policy.exchange(gateway, { holds: [hold] })
          periodStartMs = leases[0]?.periodStartMs ?? ''
          grantHold([{ state: states[0] as PeriodState, least: 10n }], gateway, 10n)
        }
        const operations = await Promise.all(
          steps.map(async ({ gateway: name, budgets: chosen, amount, gives, ends }): Promise<Operation> => {
            const gateway = runOf(name)
            if (ends) {
              const calledAt = performance.now()
              await policy.money.endRuns({ runs: [{ gateway, attempts: '0' }] })
              return { gateway, ends, answer: '', calledAt, answeredAt: performance.now() }
            }
            const total = (returned.get(gateway) ?? 0n) + (gives ? 3n : 0n)
            returned.set(gateway, total)
            const hold: policyV1.MoneyHold = {
              budgets: chosen.map((index) => ids[index] ?? ''),
              amountNanoUsd: String(amount),
              leastNanoUsd: String(amount),
            }
            const returns = gives ? [{ budget: first, periodStartMs, returnedNanoUsd: String(total) }] : []
            const calledAt = performance.now()
            const result = await policy.exchange(gateway, { holds: [hold], returns }).then(
              ({ holds }) => holds[0],
              (error: Error) => error,
            )
            const answeredAt = performance.now()
            if (result instanceof Error) expect(result.message).toContain('A newer run')
            const refusedBy = result instanceof Error ? 'over' : (result?.refusedBy ?? '')
            const granted = result instanceof Error ? 0n : BigInt(result?.grantedNanoUsd ?? 0)
            const answer = refusedBy === '' ? granted : refusedBy
            const asked = { gateway, hold: { budgets: chosen, amount }, answer, calledAt, answeredAt }
            return gives ? { ...asked, returned: total } : asked
          }),
        )
        expect(isLinearizable({ states, ended: new Set() }, ids, operations)).toBe(true)
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  it('threat 21, 22: is held, spent and given back by three gateways at once, to the nano-dollar', async () => {
    const limit = 60_000n
    const { id, team } = await newBudget(limit)
    let spent = 0n
    let refused = 0
    const gateway = async (run: string) => {
      let [granted, returned] = [0n, 0n]
      let periodStartMs = '0'
      for (let call = 0; call < 40; call++) {
        const amount = BigInt(500 + ((call * 7_919) % 1_500))
        const hold = { budgets: [id], amountNanoUsd: String(amount), leastNanoUsd: String(amount) }
        const returns = [{ budget: id, periodStartMs, returnedNanoUsd: String(returned) }]
        const answer = await policy.exchange(run, { holds: [hold], ...(granted > 0n && { returns }) })
        periodStartMs = answer.leases.at(-1)?.periodStartMs ?? '0'
        if (answer.holds[0]?.grantedNanoUsd === '0') {
          refused++
          continue
        }
        granted += amount
        const cost = amount / 2n
        // Every fifth gateway dies in the call: its journal tells what was held.
        const isOrphan = call % 5 === 4
        if (!isOrphan) returned += amount - cost
        spent += cost
        const event = ratedEvent({
          ...{ teamPath: team, gatewayRun: run, budgets: id },
          cost: `0.${String(cost).padStart(9, '0')}`,
          openHoldNanoUsd: isOrphan ? String(amount) : '0',
        })
        await policy.publish(call % 3 === 0 ? [event, event] : [event])
      }
      const returns = [{ budget: id, periodStartMs, returnedNanoUsd: String(returned) }]
      await policy.exchange(run, { returns })
    }
    await Promise.all(['run-a', 'run-b', 'run-c'].map(gateway))
    const dollars = (nano: bigint) => `0.${String(nano).padStart(9, '0')}`.replace(/\.?0+$/, '')
    const status = await waitFor(async () => {
      const now = await policy.status(`teams/${team}`)
      return now.spent === dollars(spent) ? now : undefined
    })
    expect(status).toMatchObject({ held: '0', estimated: '0', left: dollars(limit - spent) })
    expect(spent).toBeLessThanOrEqual(limit)
    expect(refused).toBeGreaterThan(0)
  }, 60_000)
})
