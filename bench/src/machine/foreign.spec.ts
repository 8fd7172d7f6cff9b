import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { foreignShare, machineUse } from './foreign.js'
import { hasProc } from './proc.js'

const use = (atMs: number, busySeconds: number, ownSeconds: number) => ({ atMs, busySeconds, ownSeconds })

describe('foreign share', () => {
  it('is what the machine did that was not ours', () => {
    expect(foreignShare(use(0, 10, 1), use(2_000, 13, 3))).toBeCloseTo(0.5)
  })

  it('is nothing when the clocks disagree', () => {
    expect(foreignShare(use(0, 10, 1), use(2_000, 11, 2.1))).toBe(0)
  })
})

describe.runIf(hasProc())('machine use', () => {
  it('has descendants among ours, while they run and when they have ended', { timeout: 20_000 }, async () => {
    const before = machineUse()
    const child = spawn(process.execPath, ['-e', 'while (process.cpuUsage().user < 300_000);'])
    await once(child, 'exit')
    const after = machineUse()
    expect(after.ownSeconds - before.ownSeconds).toBeGreaterThan(0.2)
    expect(after.busySeconds - before.busySeconds).toBeGreaterThan(0.2)
  })
})
