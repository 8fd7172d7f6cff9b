import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.js'
import { expectedUsage, planRequests } from './plan.js'
import { Random } from './random.js'

const range = { requests: 3_000, keys: 5, modelsWithDetails: [false, true] }

describe('planRequests', () => {
  it('plans the same for the same seed, and something else for another', () => {
    expect(planRequests({ ...range, seed: 4 })).toEqual(planRequests({ ...range, seed: 4 }))
    expect(planRequests({ ...range, seed: 5 })[7]).not.toEqual(planRequests({ ...range, seed: 4 })[7])
  })

  it('streams a third, lets some clients leave, and uses every key and model', () => {
    const requests = planRequests({ ...range, seed: 1 })
    const streamed = requests.filter((request) => request.streamed)
    expect(streamed.length).toBeGreaterThan(900)
    expect(streamed.length).toBeLessThan(1_100)
    const leaving = requests.filter((request) => request.hangsUpAfter !== undefined)
    expect(leaving.length).toBeGreaterThan(100)
    expect(
      leaving.every(({ streamed, hangsUpAfter = 0, reply }) => streamed && hangsUpAfter < reply.chunks),
    ).toBe(true)
    expect(new Set(requests.map(({ key }) => key)).size).toBe(5)
    expect(new Set(requests.map(({ model }) => model)).size).toBe(2)
    expect(new Set(requests.map(({ requestId }) => requestId)).size).toBe(3_000)
  })

  it('orders details only of providers that report them', () => {
    const requests = planRequests({ ...range, seed: 1 })
    expect(requests.filter(({ model, reply }) => model === 0 && reply.cached + reply.reasoning > 0)).toEqual(
      [],
    )
    expect(requests.some(({ model, reply }) => model === 1 && reply.cached > 0 && reply.reasoning > 0)).toBe(
      true,
    )
  })
})

describe('expectedUsage', () => {
  it('puts each token in one bucket', () => {
    expect(expectedUsage({ prompt: 100, cached: 40, completion: 9, reasoning: 2, chunks: 1 })).toEqual({
      ...{ inputTokens: 60, cachedInputTokens: 40, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 2 },
    })
  })
})

describe('Random', () => {
  it('is spread evenly over its range', () => {
    const random = new Random(3)
    const counts = [0, 0, 0, 0]
    for (let draw = 0; draw < 4_000; draw++) counts[random.between(0, 3)]!++
    expect(Math.min(...counts)).toBeGreaterThan(900)
  })
})

describe('parseOptions', () => {
  it('takes the full run unless told otherwise', () => {
    expect(parseOptions([])).toMatchObject({
      options: { requests: 10_000, rate: 100, kafka: false, killEveryMs: 3_000 },
      json: false,
    })
    expect(
      parseOptions(['--requests', '50', '--kafka', '--json', '--seed', '7', '--kill-every', '0.5']),
    ).toMatchObject({
      ...{ options: { requests: 50, kafka: true, seed: 7, killEveryMs: 500 }, json: true },
    })
  })

  it.each([['--requests', '0'], ['--rate', 'many'], ['--what'], ['--help']])(
    'explains itself for %s %s',
    (...argv) => expect(() => parseOptions(argv)).toThrow(/npm run chaos/),
  )
})
