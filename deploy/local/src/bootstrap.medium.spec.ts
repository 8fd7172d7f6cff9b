import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@weir/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const bootstrap = new URL('../bootstrap.mjs', import.meta.url).href
const lockModule = new URL('../bootstrap/lock.mjs', import.meta.url).href

let folder: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-bootstrap-'))
  children = []
})

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('bootstrap', () => {
  it('tells the user of an old Node in one sentence what to do', async () => {
    const old = `Object.defineProperty(process, 'versions', { value: { node: '18.19.0' } })`
    const { code, output } = await run(`${old}; await import(${JSON.stringify(bootstrap)})`)
    expect(code).toBe(1)
    expect(output.trim()).toBe(
      'Weir needs Node 20 or later to start, and this is Node 18.19.0: install a current one from https://nodejs.org ' +
        'and run the command again.',
    )
  })

  it('names the commands when it is given none of them', async () => {
    const { code, output } = await run(`process.argv[2] = 'fly'; await import(${JSON.stringify(bootstrap)})`)
    expect(code).toBe(1)
    expect(output).toContain(
      'There is no command fly; there are start, kafka, bench, bench:detectors, chaos, test, test:clients, check, gen.',
    )
  })
})

describe('withLock', () => {
  it('lets one process work at a time', async () => {
    const log = join(folder, 'log')
    const work = `
      appendFileSync(${JSON.stringify(log)}, 'in ')
      await new Promise((done) => setTimeout(done, 100))
      appendFileSync(${JSON.stringify(log)}, 'out ')`
    await Promise.all([1, 2, 3].map(() => run(locked(work))))
    expect(readFileSync(log, 'utf8')).toBe('in out in out in out ')
  })

  it('takes the lock of a killed process, but not before its child is done', async () => {
    const started = join(folder, 'started')
    const holder = start(
      locked(`
        const child = spawn('sleep', ['1'], { stdio: 'ignore' })
        alsoHeldBy(child.pid)
        writeFileSync(${JSON.stringify(started)}, '')
        await new Promise((done) => setTimeout(done, 60_000))`),
    )
    await waitFor(() => existsSync(started), { timeoutMs: 10_000 })
    const began = Date.now()
    holder.kill('SIGKILL')
    expect((await run(locked(''))).code).toBe(0)
    expect(Date.now() - began).toBeGreaterThan(500)
  })

  it('takes a lock whose holder was killed before it wrote its name', async () => {
    writeFileSync(join(folder, 'lock'), '')
    expect((await run(locked(''))).code).toBe(0)
  })
})

/** A script that does the work under the folder's lock. */
function locked(work: string): string {
  return `
    import { spawn } from 'node:child_process'
    import { appendFileSync, writeFileSync } from 'node:fs'
    const { withLock } = await import(${JSON.stringify(lockModule)})
    await withLock(${JSON.stringify(join(folder, 'lock'))}, 'tests', async (alsoHeldBy) => { ${work} })`
}

function start(script: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

async function run(script: string): Promise<{ code: number | null; output: string }> {
  const child = start(script)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
