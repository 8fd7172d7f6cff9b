import { describe, expect, it } from 'vitest'
import { GroupCommit } from './group-commit.js'

const tick = () => new Promise((resolve) => setTimeout(resolve, 5))

function recording(fails: (items: number[]) => Error | undefined = () => undefined, spacingMs = 0) {
  const committed: number[][] = []
  const commits = new GroupCommit<number>({
    async commit(items) {
      await tick()
      const error = fails(items)
      if (error) throw error
      committed.push(items)
    },
    sizeOf: (item) => item,
    maxSize: 10,
    spacingMs,
  })
  return { commits, committed }
}

describe('GroupCommit', () => {
  it('commits what comes while a transaction runs in the next one', async () => {
    const { commits, committed } = recording()
    const first = commits.add(1)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    await Promise.all([first, commits.add(2), commits.add(3)])
    expect(committed).toEqual([[1], [2, 3]])
  })

  it('bounds a transaction, but lets an item in that is larger than the bound', async () => {
    const { commits, committed } = recording()
    await Promise.all([4, 5, 6, 40, 1].map((item) => commits.add(item)))
    expect(committed).toEqual([[4, 5], [6], [40], [1]])
  })

  it('begins at once after a rest, then at most once in a while', async () => {
    const { commits, committed } = recording(undefined, 100)
    const begin = performance.now()
    await commits.add(1)
    expect(performance.now() - begin).toBeLessThan(90)
    await Promise.all([commits.add(2), tick().then(() => commits.add(3))])
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99)
    expect(committed).toEqual([[1], [2, 3]])
  })

  it('fails only the item that cannot be committed', async () => {
    const { commits, committed } = recording((items) => (items.includes(2) ? new Error('bad') : undefined))
    const results = await Promise.allSettled([1, 2, 3].map((item) => commits.add(item)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(committed).toEqual([[1], [3]])
  })

  it('does not try item by item when the database is away', async () => {
    let calls = 0
    const { commits } = recording(() => {
      calls++
      return Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    })
    const results = await Promise.allSettled([1, 2, 3].map((item) => commits.add(item)))
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect(calls).toBe(1)
  })

  it('goes on after a failure', async () => {
    let isDown = true
    const { commits, committed } = recording(() => (isDown ? new Error('down') : undefined))
    await expect(commits.add(1)).rejects.toThrow('down')
    isDown = false
    await commits.add(1)
    expect(committed).toEqual([[1]])
  })
})
