import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionsFor, type AssignableTopic, type Member } from './assignment.js'

const topics: AssignableTopic[] = [
  { topicId: 1, name: 'b', partitions: 12 },
  { topicId: 2, name: 'a', partitions: 5 },
]
const members = (ids: string[]): Member[] => ids.map((id) => ({ id, topics: ['a', 'b'] }))

describe('partitionsFor', () => {
  it('gives every partition to exactly one member, in fair shares, whatever the order of the list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 20 }), (ids) => {
        const shares = ids.map((id) => partitionsFor(id, members(ids), topics))
        const reversed = ids.map((id) => partitionsFor(id, members(ids.toReversed()), topics.toReversed()))
        expect(reversed).toEqual(shares)
        const all = shares.flat().map(({ topicId, partition }) => `${topicId}/${partition}`)
        expect(all).toHaveLength(17)
        expect(new Set(all).size).toBe(17)
        const sizes = shares.map(({ length }) => length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('gives a member only topics that it takes', () => {
    const group: Member[] = [
      { id: '1', topics: ['a'] },
      { id: '2', topics: ['a', 'b'] },
    ]
    expect(partitionsFor('1', group, topics).every(({ topicId }) => topicId === 2)).toBe(true)
    expect(partitionsFor('2', group, topics).filter(({ topicId }) => topicId === 1)).toHaveLength(12)
  })

  it('gives nothing to one that is not a member', () => {
    expect(partitionsFor('9', members(['1']), topics)).toEqual([])
  })
})
