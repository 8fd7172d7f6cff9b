import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  readdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasProc } from './machine/proc.js'

const run = promisify(execFile)
const source = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

/** The programs run in processes of their own, so they are compiled, from the sources, into a place of their own. */
describe.runIf(hasProc())('the bench as a whole, on the bare proxies', () => {
  const home = mkdtempSync(join(tmpdir(), 'weir-bench-spec-'))
  const dist = join(home, 'bench/dist')

  beforeAll(() => {
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
    for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue
      const { outputText } = ts.transpileModule(readFileSync(join(source, file), 'utf8'), {
        compilerOptions: {
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2023,
          verbatimModuleSyntax: true,
        },
      })
      const path = join(dist, file.replace(/\.ts$/, '.js'))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, outputText)
    }
    writeFileSync(join(home, 'bench/package.json'), '{"type":"module"}')
  })

  afterAll(() => rmSync(home, { recursive: true, force: true }))

  const bench = (...args: string[]) =>
    run(process.execPath, [join(dist, 'main.js'), ...args], { maxBuffer: 1e8, timeout: 90_000 })

  it('measures each target and says so in JSON', { timeout: 100_000 }, async () => {
    const args = [
      '--only',
      'direct,bare',
      '--measures',
      'closed,rate',
      '--rounds',
      '1',
      '--retries',
      '0',
      '--warmup',
      '1',
      '--seconds',
      '1',
      '--json',
    ]
    const { stdout, stderr } = await bench(...args)
    const report = JSON.parse(stdout) as {
      summary: { targets: { target: string; requestsPerCoreSecond: { median: number }; rssMib: number }[] }
      measurements: { measure: string; target: string; load: { sent: number; succeeded: number } }[]
    }
    expect(stderr).toMatch(/on core 0|NOT PINNED/)
    expect(report.measurements.map(({ measure, target }) => `${measure} ${target}`)).toEqual([
      'closed bare',
      'rate direct',
      'rate bare',
    ])
    expect(report.measurements.map(({ load }) => load.sent - load.succeeded)).toEqual([0, 0, 0])
    // A second of warm-up and two of measuring, 200 times a second.
    expect(report.measurements.slice(1).map(({ load }) => load.sent)).toEqual([600, 600])
    const bare = report.summary.targets.find(({ target }) => target === 'bare')
    expect(bare?.requestsPerCoreSecond.median).toBeGreaterThan(500)
    expect(bare?.rssMib).toBeGreaterThan(20)
  })

  it('profiles a process from outside', { timeout: 100_000 }, async () => {
    const { stdout } = await bench('--profile', '--only', 'bare', '--seconds', '1', '--warmup', '1')
    expect(stdout).toContain('Thread main: busy')
    expect(stdout).toMatch(/undici\/lib\/dispatcher\/client-h1\.js/)
    expect(stdout).toMatch(/forwardByRequest +bench\/dist\/target\/bare-server\.js:\d+/)
    const dir = /(\S+\/weir-profile-\w+)\/bare\/main\.cpuprofile/.exec(stdout)?.[1]
    expect(dir).toBeDefined()
    if (dir !== undefined) rmSync(dir, { recursive: true })
  })

  it('refuses an option that it does not know, and says which there are', async () => {
    await expect(bench('--nope')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--rounds 3') as string,
    })
  })
})
