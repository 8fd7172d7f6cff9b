import type { UsageRated } from '@weir/contracts'
import { expect, it } from 'vitest'
import { rollUp, rollUpBusinessUnits } from './roll-up.js'
import { groupUsage } from './usage-group.js'

const hourMs = 3_600_000
const noonMs = Date.UTC(2026, 10, 21, 12)

it('keeps apart what differs in a name or in the hour, and adds up the rest', () => {
  const groups = groupUsage([
    usage({ atMs: noonMs, costNanoUsd: 1n }),
    usage({ atMs: noonMs + 5, costNanoUsd: 2n }),
    usage({ atMs: noonMs + hourMs, costNanoUsd: 4n }),
    usage({ atMs: noonMs, costNanoUsd: 8n, model: 'other' }),
  ])
  expect(groups.map(({ sum }) => [sum.attempts, sum.costNanoUsd])).toEqual([
    [1, 8n],
    [2, 3n],
    [1, 4n],
  ])
  const rollups = rollUp(groups).map(({ interval, model, costNanoUsd }) => [interval, model, costNanoUsd])
  expect(rollups.toSorted()).toEqual([
    ['day', 'm', 7n],
    ['day', 'other', 8n],
    ['hour', 'm', 3n],
    ['hour', 'm', 4n],
    ['hour', 'other', 8n],
    ['month', 'm', 7n],
    ['month', 'other', 8n],
  ])
})

it.each([
  ['the latest, though it came first', noonMs + 9, noonMs, 'a/t'],
  ['of two at once the one that came later', noonMs, noonMs, 'b/t'],
])('shows of the places of a team that was moved %s', (_, firstMs, secondMs, path) => {
  const groups = groupUsage([
    usage({ atMs: firstMs, costNanoUsd: 1n, teamPath: 'a/t' }),
    usage({ atMs: secondMs, costNanoUsd: 2n, teamPath: 'b/t' }),
  ])
  const team = rollUpBusinessUnits(groups).filter(({ team }) => team === 't')
  expect(team.map(({ teamPath }) => teamPath)).toEqual([path, path, path])
  expect(team.map(({ pathSeenAtMs }) => pathSeenAtMs)).toEqual([firstMs, firstMs, firstMs])
  expect(team.map(({ costNanoUsd }) => costNanoUsd)).toEqual([3n, 3n, 3n])
})

function usage({ atMs, costNanoUsd, ...names }: { atMs: number; costNanoUsd: bigint } & Partial<UsageRated>) {
  const event = {
    ...{ organization: 'o', team: 't', teamPath: 't', workspace: 'w', workload: 'l', model: 'm' },
    ...{ provider: 'p', virtualKey: 'k', attempt: 1, inputTokens: 1, ...names },
  } as UsageRated
  return { event, startedAtMs: atMs, costNanoUsd }
}
