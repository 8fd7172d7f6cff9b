import { describe, expect, it } from 'vitest'
import { LeasedBudget } from './money-lease.js'

describe('what is left of a budget', () => {
  it('is what nobody has, and what this gateway has free', () => {
    const budget = new LeasedBudget('budget_1')
    expect(budget.leftRatio(50)).toBe(1)
    const lease = budget.leaseOf(0, 100)
    lease.granted = 30n
    expect(budget.leftRatio(50)).toBe(1)
    budget.tell(100n, 20n)
    expect(budget.leftRatio(50)).toBe(0.5)
    lease.taken = 20n
    expect(budget.leftRatio(50)).toBe(0.3)
    budget.tell(100n, -40n)
    expect(budget.leftRatio(50)).toBe(0)
    // A new period begins with all of it.
    expect(budget.leftRatio(100)).toBe(1)
  })

  it('is nothing of a budget of nothing', () => {
    const budget = new LeasedBudget('budget_1')
    budget.leaseOf(0, 0)
    budget.tell(0n, 0n)
    expect(budget.leftRatio(1)).toBe(0)
  })
})
