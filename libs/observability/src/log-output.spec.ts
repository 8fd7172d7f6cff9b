import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogOutput } from './log-output.js'
import { createLogger } from './logger.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-log-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('LogOutput', () => {
  it('writes every line, in order', async () => {
    const path = join(folder, 'order.log')
    const fd = openSync(path, 'a')
    const output = new LogOutput(fd)
    const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index} ${'é'.repeat(index % 50)}\n`)
    for (const [index, line] of lines.entries()) {
      output.write(line)
      if (index % 100 === 0) await new Promise(setImmediate)
    }
    await sleep(100)
    closeSync(fd)
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''))
  })

  it('has written what was logged in the turn in which the process ends', () => {
    const path = join(folder, 'fatal.log')
    const fd = openSync(path, 'a')
    const logger = createLogger({ service: 'test', level: 'info', destination: new LogOutput(fd) })
    logger.info('first')
    logger.fatal('last')
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    closeSync(fd)
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['first', 'last'])
  })

  it('loses lines on a full disk, and neither throws nor waits', async (context) => {
    if (!existsSync('/dev/full')) return context.skip('this system has no /dev/full')
    const fd = openSync('/dev/full', 'w')
    const output = new LogOutput(fd)
    output.write('asynchronously\n')
    await sleep(50)
    output.write('at the end\n')
    const began = Date.now()
    output.flushSync()
    expect(Date.now() - began).toBeLessThan(1_000)
    await sleep(50)
    closeSync(fd)
  })
})
