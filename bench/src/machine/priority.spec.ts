import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { describe, expect, it } from 'vitest'
import { lowerPriority } from './priority.js'
import { hasProc, threadCpu } from './proc.js'

describe.runIf(hasProc())('lowered priority', () => {
  it('is that of every thread of a process, and of its children', { timeout: 20_000 }, async () => {
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume()'])
      console.log(child.pid)
      process.stdin.resume()
      process.stdin.on('end', () => child.stdin.end())`
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const child = Number(line.toString())
    const before = getPriority(parent.pid)
    lowerPriority([parent.pid!], before + 3)
    const priorities = [parent.pid!, child].flatMap((pid) =>
      threadCpu(pid).map(({ tid }) => getPriority(tid)),
    )
    expect(priorities.length).toBeGreaterThan(2)
    expect(new Set(priorities)).toEqual(new Set([before + 3]))
    expect(getPriority(process.pid)).toBe(before)
    parent.stdin.end()
    await once(parent, 'exit')
  })

  it('takes a process that is gone for done', () => {
    expect(() => lowerPriority([2 ** 30], 10)).not.toThrow()
  })
})
