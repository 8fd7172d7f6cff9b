import { expect, it } from 'vitest'
import { usageUnitTable } from './unit.js'
import { addAttempt, addSum, emptySum } from './usage-sum.js'

const fresh = {
  inputTokens: 3,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 2,
  reasoningTokens: 0,
}

it('counts every unit that there is, and nothing else of an attempt', () => {
  const sum = emptySum()
  const counts = Object.fromEntries(usageUnitTable.map(({ bucket }, at) => [bucket, at + 1]))
  addAttempt(sum, { ...fresh, ...counts, attempt: 1, serviceTier: 'flex' }, 5n)
  addAttempt(sum, { ...fresh, attempt: 2, images: undefined }, undefined)
  expect(sum).toEqual({
    ...{ ...counts, inputTokens: 4, outputTokens: 6 },
    ...{ requests: 1, attempts: 2, unpricedAttempts: 1, costNanoUsd: 5n },
  })
})

it('comes to the same whether attempts are added to one sum, or to two that are added up', () => {
  const [whole, part, other] = [emptySum(), emptySum(), emptySum()]
  const attempts = [
    { attempt: { ...fresh, attempt: 1, searches: 4 }, cost: 7n },
    { attempt: { ...fresh, attempt: 2, images: 1 }, cost: undefined },
    { attempt: { ...fresh, attempt: 1, images: 2 }, cost: 10n ** 20n },
  ]
  attempts.forEach(({ attempt, cost }, at) => {
    addAttempt(whole, attempt, cost)
    addAttempt(at === 0 ? part : other, attempt, cost)
  })
  addSum(part, other)
  expect(part).toEqual(whole)
})
