import { describe, expect, it } from 'vitest'
import { analyze, type CpuProfile } from './analysis.js'

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9, columnNumber: 0 })
const gateway = new URL('../../../services/gateway/dist/not-built/pipeline.js', import.meta.url).href
const dependency = new URL('../../../node_modules/undici/lib/client.js', import.meta.url).href
const hook = new URL('./hook.ts', import.meta.url).href

/** root ─ onRequest(node) ─ handle(own) ─┬ write(native); request(undici) ─ handle(own, again) ; root ─ idle; root ─ toggle(profiler) */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 7, 8, 10] },
    { id: 2, callFrame: frame('onRequest', 'node:_http_server'), children: [3] },
    { id: 3, callFrame: frame('handle', gateway), children: [4, 5], positionTicks: [{ line: 12, ticks: 2 }] },
    { id: 4, callFrame: frame('write') },
    { id: 5, callFrame: frame('request', dependency), children: [6] },
    { id: 6, callFrame: frame('handle', gateway) },
    { id: 7, callFrame: frame('(idle)') },
    { id: 8, callFrame: frame('tick', 'node:timers'), children: [9] },
    { id: 9, callFrame: frame('resume', dependency) },
    { id: 10, callFrame: frame('toggle', hook) },
  ],
  startTime: 0,
  endTime: 1_000,
  samples: [2, 3, 3, 4, 5, 6, 7, 9, 10],
  timeDeltas: [10, 20, 20, 100, 30, 5, 500, 7, 400],
}

describe('analyze', () => {
  const analysis = analyze(profile)
  const us = (shares: { name: string; us: number }[]): Record<string, number> =>
    Object.fromEntries(shares.map((share) => [share.name, share.us]))

  it('leaves idling and the profiler out of the busy time', () => {
    expect([analysis.busyUs, analysis.idleUs]).toEqual([192, 500])
  })

  it('scales to the CPU time of the thread, without its idling', () => {
    // 592 us by the clock, the profiler's among them.
    const { busyUs, idleUs, stretch, self } = analyze({ ...profile, threadCpuUs: 148 })
    expect([busyUs, idleUs, stretch, self[0]?.us]).toEqual([48, 500, 4, 25])
  })

  it('sums by package', () => {
    expect(us(analysis.groups)).toEqual({ '(native)': 100, '@weir/gateway': 45, undici: 37, node: 10 })
  })

  it('sums self time by function, the heaviest first', () => {
    expect(analysis.self[0]).toEqual({ name: 'write', where: '(native)', us: 100 })
    expect(us(analysis.self)).toMatchObject({ handle: 45, request: 30, resume: 7 })
  })

  it('charges native code and packages to the function of ours that called them', () => {
    expect(us(analysis.charged)).toEqual({
      handle: 175,
      'not below our code: onRequest': 10,
      'not below our code: resume (undici/lib/client.js:10)': 7,
    })
  })

  it('counts a function that calls itself once', () => {
    expect(us(analysis.total)).toEqual({ handle: 175 })
  })

  it('names lines of our code', () => {
    expect(analysis.lines).toEqual([
      { name: 'handle', where: 'services/gateway/dist/not-built/pipeline.js:12', us: 40 },
    ])
  })
})
