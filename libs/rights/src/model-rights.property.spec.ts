import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findModelRefusal, findUnreadiness, type Governance, type ModelUse, toModelSet } from './index.js'

const names = ['a', 'b', 'c', 'd']
const chosen = fc.option(fc.oneof(fc.subarray(names), fc.constant(['*'])), { nil: null })
const now = 1_000

/** What is said plainly: whoever has a say and does not have the model in its list forbids it. */
const allows = (list: readonly string[] | null, name: string) =>
  list === null || list.includes('*') || list.includes(name)

describe('effective models', () => {
  it('are exactly those that whitelist, workload, every team of the line and key have in common', () => {
    const world = fc.record({
      key: chosen,
      workload: fc.option(chosen, { nil: undefined }),
      teams: fc.array(chosen, { minLength: 1, maxLength: 5 }),
      whitelist: fc.option(
        fc.array(
          fc.record({
            model: fc.constantFrom(...names),
            available: fc.boolean(),
            from: fc.constantFrom(0, now - 1, now, now + 1),
            until: fc.constantFrom(0, now - 1, now, now + 1),
          }),
          { maxLength: 4 },
        ),
        { nil: undefined },
      ),
      name: fc.constantFrom(...names),
    })
    fc.assert(
      fc.property(world, ({ key, workload, teams, whitelist, name }) => {
        const entry = whitelist?.find(({ model }) => model === name)
        const governance: Governance = {
          key: {
            ...{ id: 'key_1', type: 'llm', disabled: false, expiresAtMs: 0, workspace: 'ws', team: 't' },
            ...{ workload: workload === undefined ? '' : 'w', models: toModelSet(key), endpoints: [] },
            sources: undefined,
          },
          workload: workload === undefined ? undefined : { models: toModelSet(workload) },
          team: { path: teams.map((_, index) => `t${index}`).join('/'), models: teams.map(toModelSet) },
        }
        const use: ModelUse = {
          ...{ name, model: { name, free: true, prices: [] }, providerId: 'p', nowMs: now },
          provider: { name: 'p', type: 'sandbox', workspace: '', hasCredential: false },
          isWhitelisted: whitelist !== undefined,
          entry: entry && {
            ...{ available: entry.available, availableFromMs: entry.from, availableUntilMs: entry.until },
            ...{ rpmLimit: 0, tpmLimit: 0, maxOutputTokens: 0 },
          },
        }
        const isListed =
          whitelist === undefined ||
          (entry !== undefined &&
            entry.available &&
            entry.from <= now &&
            (entry.until === 0 || entry.until > now))
        const expected =
          allows(key, name) &&
          (workload === undefined || allows(workload, name)) &&
          teams.every((team) => allows(team, name)) &&
          isListed
        expect(findModelRefusal(governance, use)?.code).toBe(expected ? undefined : 'model_not_allowed')
        expect(findUnreadiness(use)).toBeUndefined()
      }),
      { numRuns: 2_000 },
    )
  })
})
