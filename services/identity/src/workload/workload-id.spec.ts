import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  suggestWorkloadId,
  workloadIdCandidates,
  workloadIdLength,
  workloadIdPattern,
} from './workload-id.js'

function take(name: string, count: number): string[] {
  const candidates = workloadIdCandidates(name)
  return Array.from({ length: count }, () => String(candidates.next().value))
}

describe('the id of a workload', () => {
  it.each([
    ['Customer service', 'customer-service'],
    ['  RAG / search  v2.0 ', 'rag-search-v2-0'],
    ['snake_case_name', 'snake_case_name'],
    ['_private_', 'private'],
    ['Kundenservice (Köln)', 'kundenservice-koln'],
    ['Größe ÆØÅ Łódź', 'grosse-aeoa-lodz'],
    ['Ünïcödé', 'unicode'],
    ['ＦＵＬＬ　ｗｉｄｔｈ', 'full-width'],
    ['Чат-бот 2', '2'],
    ['客服', ''],
    ['🤖', ''],
    ['---', ''],
  ])('of %j is suggested as %j', (name, id) => expect(suggestWorkloadId(name)).toBe(id))

  it('is always one that is allowed, however long or strange the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (name) => {
        for (const id of take(name, 25)) {
          expect(id).toMatch(workloadIdPattern)
          expect(id.length).toBeLessThanOrEqual(workloadIdLength)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is numbered when it is taken, and random when all numbers are', () => {
    const candidates = take('chat', 30)
    expect(candidates.slice(0, 3)).toEqual(['chat', 'chat-2', 'chat-3'])
    expect(candidates.at(-1)).toMatch(/^chat-[0-9a-z]{7}$/)
    expect(new Set(candidates).size).toBe(30)
  })

  it('is made up when the name suggests none', () => {
    expect(take('客服', 2)).toEqual(['workload-1', 'workload-2'])
  })

  it('keeps its ending when the name is as long as an id may be', () => {
    expect(take('x'.repeat(300), 2)[1]).toBe(`${'x'.repeat(98)}-2`)
  })
})
