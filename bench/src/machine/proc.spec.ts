import { describe, expect, it } from 'vitest'
import { cpuSeconds, hasProc, rssMib, threadCpu } from './proc.js'

describe.runIf(hasProc())('proc', () => {
  it('reads the CPU time of a process, as the process itself sees it', () => {
    const own = (): number => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }
    const [before, ownBefore] = [cpuSeconds(process.pid), own()]
    for (const untilMs = performance.now() + 300; performance.now() < untilMs;);
    expect(cpuSeconds(process.pid) - before).toBeCloseTo(own() - ownBefore, 1)
  })

  it('reads the memory of a process', () => {
    expect(rssMib(process.pid) / (process.memoryUsage.rss() / 1024 / 1024)).toBeCloseTo(1, 0)
  })

  it('tells threads apart', () => {
    const threads = threadCpu(process.pid)
    expect(threads.length).toBeGreaterThan(1)
    expect(threads.map(({ tid }) => tid)).toContain(process.pid)
    expect(Math.max(...threads.map((thread) => thread.cpuSeconds))).toBeGreaterThan(0)
  })

  it('throws when the process is gone', () => {
    expect(() => cpuSeconds(2 ** 30)).toThrow('ENOENT')
  })
})
