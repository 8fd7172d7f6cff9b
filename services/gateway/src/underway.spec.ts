import { describe, expect, it } from 'vitest'
import { Underway } from './underway.js'

describe('what is under way', () => {
  it('has what was added and not removed, and takes no more room than the most at one time', () => {
    const underway = new Underway<string>()
    const [first, second] = [underway.add('first'), underway.add('second')]
    expect([...underway]).toEqual(['first', 'second'])
    underway.remove(first)
    expect([...underway]).toEqual(['second'])
    expect(underway.size).toBe(1)
    expect(underway.add('third')).toBe(first)
    underway.remove(second)
    expect([...underway]).toEqual(['third'])
    expect(underway.size).toBe(1)
  })
})
