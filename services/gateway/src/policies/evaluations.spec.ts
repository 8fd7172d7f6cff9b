import { policyV1 } from '@weir/contracts'
import { EventEmitter } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { Evaluations } from './evaluations.js'

const allowed = { verdict: 'allow', policy: '', message: '', masked: [], cleanUnder: '' }
const request = (requestId: string) => ({
  ...policyV1.EvaluateRequest.decode(new Uint8Array()),
  requestId,
})

/** Streams that a test ends as it likes. */
function world() {
  const streams: { contents: string[]; stream: EventEmitter; isCancelled: boolean }[] = []
  const evaluate = vi.fn(async () => allowed)
  const evaluations = new Evaluations({
    evaluate,
    evaluateMany: ({ contents }: policyV1.EvaluateManyRequest) => {
      const opened = {
        contents: contents.map(({ requestId }) => requestId),
        stream: new EventEmitter(),
        isCancelled: false,
      }
      streams.push(opened)
      const cancel = () => {
        opened.isCancelled = true
        opened.stream.emit('error', new Error('CANCELLED'))
      }
      return Object.assign(opened.stream, { cancel }) as never
    },
    close: () => undefined,
  })
  return { streams, evaluate, evaluations }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const verdict = (index: number, name = 'allow') => ({
  verdicts: [{ index, response: { ...allowed, verdict: name } }],
})

describe('asking the policy service', () => {
  it('is one call for what comes in one turn, and each verdict counts as it comes', async () => {
    const { streams, evaluations } = world()
    const [first, second] = [evaluations.evaluate(request('a'), 10), evaluations.evaluate(request('b'), 10)]
    await turn()
    expect(streams.map(({ contents }) => contents)).toEqual([['a', 'b']])
    streams[0]?.stream.emit('data', verdict(1, 'block'))
    await expect(second).resolves.toMatchObject({ verdict: 'block' })
    streams[0]?.stream.emit('data', verdict(0))
    await expect(first).resolves.toMatchObject({ verdict: 'allow' })
  })

  it('is a call of its own for what is large', async () => {
    const { streams, evaluate, evaluations } = world()
    await evaluations.evaluate(request('a'), 1024 * 1024)
    expect(evaluate).toHaveBeenCalledOnce()
    expect(streams).toEqual([])
  })

  it('gathers while calls are new, and waits for none that is slow', async () => {
    const { streams, evaluations } = world()
    const asked = ['a', 'b', 'c', 'd'].map(async (name, at) => {
      for (let passed = 0; passed < at; passed++) await turn()
      return evaluations.evaluate(request(name), 10)
    })
    await turn()
    await turn()
    await turn()
    expect(streams).toHaveLength(2)
    await vi.waitFor(() => expect(streams).toHaveLength(3))
    expect(streams.map(({ contents }) => contents)).toEqual([['a'], ['b'], ['c', 'd']])
    for (const { contents, stream } of streams) {
      for (const index of contents.keys()) stream.emit('data', verdict(index))
      stream.emit('end')
    }
    await expect(Promise.all(asked)).resolves.toHaveLength(4)
  })

  it('fails for whom no verdict came, and for nobody else', async () => {
    const { streams, evaluations } = world()
    const [first, second] = [evaluations.evaluate(request('a'), 10), evaluations.evaluate(request('b'), 10)]
    await turn()
    const failed = expect(second).rejects.toThrow('no verdict')
    streams[0]?.stream.emit('data', verdict(0))
    streams[0]?.stream.emit('end')
    await Promise.all([failed, first])
  })

  it('gives up after its deadline', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { streams, evaluations } = world()
    const late = expect(evaluations.evaluate(request('a'), 10)).rejects.toThrow('CANCELLED')
    await turn()
    vi.advanceTimersByTime(2_001)
    await late
    expect(streams[0]?.isCancelled).toBe(true)
    vi.useRealTimers()
  })
})
