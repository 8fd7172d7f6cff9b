import type { policyV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bound } from './money-bound.js'
import { MoneyExchange } from './money-exchange.js'

const budget = (fields: Partial<policyV1.Budget> = {}): policyV1.Budget => ({
  ...{ id: 'b1', organization: 'org', scope: 'team', scopeId: 'sales' },
  ...{ hard: true, lowersOutput: false, exact: false },
  ...fields,
})

const bound = (amount: bigint) => ({ amountNanoUsd: amount, leastNanoUsd: amount }) as Bound

/** A policy service with one budget of one gateway. */
class FakePolicy {
  limit = 1_000n
  granted = 0n
  returned = 0n
  calls: policyV1.ExchangeMoneyRequest[] = []
  /** Does what it is asked for, and its answer is lost. */
  losesAnswer = false
  asksAgain = false
  isExact = false

  exchange = async (request: policyV1.ExchangeMoneyRequest): Promise<policyV1.ExchangeMoneyResponse> => {
    await Promise.resolve()
    this.calls.push(request)
    for (const { returnedNanoUsd } of request.returns) {
      const returned = BigInt(returnedNanoUsd)
      if (returned > this.returned) this.returned = returned
    }
    const holds = request.holds.map(({ amountNanoUsd }) => this.grant(BigInt(amountNanoUsd)))
    for (const { amountNanoUsd } of request.wants) {
      const want = BigInt(amountNanoUsd)
      if (want <= this.left / 4n) this.granted += want
    }
    if (this.losesAnswer) throw new Error('lost')
    const lease = {
      budget: 'b1',
      periodStartMs: '0',
      periodEndMs: '0',
      grantedNanoUsd: String(this.granted),
      exact: this.isExact,
    }
    return { leases: [lease], holds }
  }

  get held(): bigint {
    return this.granted - this.returned
  }

  private get left(): bigint {
    return this.limit - this.held
  }

  private grant(amount: bigint): policyV1.MoneyHoldResult {
    if (amount > this.left) {
      const refused = { grantedNanoUsd: '0', periodStartMs: [], askAgain: this.asksAgain }
      return { ...refused, refusedBy: 'b1', resetsAtMs: String(Date.UTC(2030, 0)) }
    }
    this.granted += amount
    const granted = { grantedNanoUsd: String(amount), periodStartMs: ['0'] }
    return { ...granted, askAgain: false, refusedBy: '', resetsAtMs: '0' }
  }
}

let policy: FakePolicy
let known: policyV1.Budget
let exchange: MoneyExchange

beforeEach(() => {
  vi.useFakeTimers()
  policy = new FakePolicy()
  known = budget()
  const logger = createLogger({ service: 'gateway', level: 'silent' })
  exchange = new MoneyExchange({ gatewayRun: 'run', exchange: policy.exchange, find: () => known, logger })
})

afterEach(async () => {
  vi.useRealTimers()
  await exchange.close()
})

const ask = (amount: bigint) => exchange.ask([exchange.of('b1')], bound(amount))

describe('the exchange of money', () => {
  it('asks for what a lease lacks, and for some more', async () => {
    const { leases } = await ask(10n)
    expect(leases[0]?.taken).toBe(10n)
    expect(leases[0]?.free).toBe(40n)
    expect(policy.calls).toHaveLength(1)
  })

  it('gives back what is not used, and all of it in the end', async () => {
    const grant = await ask(10n)
    exchange.settle(grant, 4n)
    await vi.advanceTimersByTimeAsync(1_000)
    // What the call cost stays held until the ledger has it.
    expect(policy.held).toBe(4n)
  })

  it('gives back what a call did not cost at once where little is left', async () => {
    const grant = await ask(10n)
    known = budget({ exact: true })
    exchange.settle(grant, 4n)
    await vi.advanceTimersByTimeAsync(10)
    expect(policy.held).toBe(4n)
  })

  it('gives back what is free once an answer says that little is left, before the watch does', async () => {
    policy.isExact = true
    await ask(10n)
    await vi.advanceTimersByTimeAsync(10)
    expect(policy.held).toBe(10n)
  })

  it('fills a lease that is used before it is empty', async () => {
    await ask(10n)
    const [lease] = [...exchange.of('b1').leases()]
    for (let look = 0; look < 8; look++) {
      if (lease && lease.free >= 10n) lease.taken += 10n
      exchange.of('b1').recentlyTaken += 10n
      await vi.advanceTimersByTimeAsync(250)
    }
    expect(lease?.taken).toBe(90n)
    expect(lease && lease.free > 0n).toBe(true)
  })

  it('threat 22: what was granted and never heard of is given back', async () => {
    policy.losesAnswer = true
    await expect(ask(10n)).rejects.toMatchObject({ code: 'service_unavailable' })
    expect(policy.held).toBeGreaterThan(0n)
    policy.losesAnswer = false
    await vi.advanceTimersByTimeAsync(1_000)
    expect(policy.held).toBe(0n)
  })

  it('says who refuses, and until when', async () => {
    await expect(ask(2_000n)).rejects.toMatchObject({
      code: 'budget_exceeded',
      message: expect.stringMatching(/budget of the team `sales`.*2030-01-01T00:00:00.000Z/) as string,
    })
  })

  it('asks again while others are giving back', async () => {
    policy.limit = 5n
    policy.asksAgain = true
    const grant = ask(10n)
    await vi.advanceTimersByTimeAsync(100)
    policy.limit = 1_000n
    await vi.advanceTimersByTimeAsync(100)
    expect((await grant).amountNanoUsd).toBe(10n)
    policy.limit = 5n
    const refused = expect(ask(10n)).rejects.toMatchObject({ code: 'budget_exceeded' })
    await vi.advanceTimersByTimeAsync(3_000)
    await refused
  })

  it('gives back all that is free of a budget that was changed', async () => {
    await ask(10n)
    exchange.recall('b1')
    await vi.advanceTimersByTimeAsync(10)
    expect(policy.held).toBe(10n)
  })

  it('gives back all at the end', async () => {
    exchange.settle(await ask(10n), 0n)
    await exchange.close()
    expect(policy.held).toBe(0n)
  })

  it('speaks to the policy service before it is taken for dead', async () => {
    await ask(10n)
    await vi.advanceTimersByTimeAsync(1_000)
    const { length } = policy.calls
    await vi.advanceTimersByTimeAsync(60_000)
    expect(policy.calls.length - length).toBeGreaterThanOrEqual(2)
  })
})
