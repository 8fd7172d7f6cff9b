import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalFile } from './local-file.js'

const script = fileURLToPath(new URL('../dist/start.js', import.meta.url))

let folder: string
let port: number
let launchers: Launcher[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-start-'))
  port = await freePort()
  launchers = []
})

afterAll(async () => {
  await Promise.all(launchers.map((launcher) => stop(launcher)))
  rmSync(folder, { recursive: true, force: true })
})

describe('npm start', () => {
  it('ends with a real call whose cost stands on the demo business unit, and leaves local.json for scripts', async () => {
    const launcher = launch('--json')
    const summary = JSON.parse(await lastLine(launcher)) as Record<string, unknown>
    expect(summary).toMatchObject({ url: `http://127.0.0.1:${port}`, demo_model: 'sandbox-small' })
    expect(Number(summary['cost_usd'])).toBeGreaterThan(0)
    expect(summary['input_tokens']).toBeGreaterThan(0)
    expect(summary['output_tokens']).toBeGreaterThan(0)
    expect(statSync(localFile()).mode & 0o777).toBe(0o600)
    const local = readLocal()
    expect(JSON.stringify(summary)).not.toContain(local.master_key)
    expect(JSON.stringify(summary)).not.toContain(local.demo_key)
    expect(await stop(launcher)).toBe(0)
  })

  it('starts again with the same keys after a kill -9, and says what the call cost', async () => {
    const before = readLocal()
    const killed = launch()
    await waitFor(() => killed.output.includes('Ready after'), { timeoutMs: 60_000 })
    killed.process.kill('SIGKILL')
    await killed.ended

    const launcher = launch()
    await waitFor(() => launcher.output.includes('Ready after'), { timeoutMs: 60_000 })
    expect(readLocal()).toEqual(before)
    expect(launcher.output).toContain(localFile())
    expect(launcher.output).not.toContain(before.master_key)
    expect(launcher.output).toMatch(
      /first user +POST http.*\/v1\/setup with the one-time token setup_[\w-]{43}\n/,
    )
    expect(launcher.output).toMatch(/It cost business unit demo \$0\.\d+, which stood on \/v1\/costs \d/)
  })

  it('prints a curl line that works when pasted', async ({ skip }) => {
    skip(!(await hasCurl()), 'there is no curl here')
    const curl = /curl .*/.exec(launchers.at(-1)?.output ?? '')?.[0] ?? ''
    expect(JSON.parse(await shell(curl.replace(/^curl/, 'curl --silent --fail')))).toMatchObject({
      object: 'chat.completion',
      model: 'sandbox-small',
    })
  })

  it('says that the port is taken, with a second home', async () => {
    const second = launch({ WEIR_HOME: join(folder, 'second') })
    expect(await second.ended).toBe(1)
    expect(second.output.trim()).toBe(
      `Port ${port} is taken: stop what listens on it, or start with another, e.g. WEIR_PORT=${port + 1} npm start.`,
    )
  })

  it.each([
    ['WEIR_PORT', '80000', 'WEIR_PORT is "80000", which is no port'],
    ['WEIR_GATEWAYS', 'two', 'WEIR_GATEWAYS must be a whole number from 1 to 64.'],
  ])('refuses %s=%s', async (variable, value, message) => {
    const refused = launch({ [variable]: value, WEIR_HOME: join(folder, 'second') })
    expect(await refused.ended).toBe(1)
    expect(refused.output).toContain(message)
  })
})

interface Launcher {
  process: ChildProcess
  /** Everything printed so far. */
  output: string
  stdout: string
  /** Its exit code. */
  ended: Promise<number | null>
}

function launch(...options: (string | NodeJS.ProcessEnv)[]): Launcher {
  const args = options.filter((option) => typeof option === 'string')
  const env = Object.assign(
    {},
    ...options.filter((option) => typeof option !== 'string'),
  ) as NodeJS.ProcessEnv
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: folder,
    env: { ...process.env, WEIR_HOME: 'home', WEIR_PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const launcher: Launcher = {
    process: child,
    output: '',
    stdout: '',
    ended: new Promise((resolve) => child.once('close', resolve)),
  }
  child.stdout.on('data', (chunk: Buffer) => {
    launcher.output += chunk.toString()
    launcher.stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => (launcher.output += chunk.toString()))
  launchers.push(launcher)
  return launcher
}

async function stop(launcher: Launcher): Promise<number | null> {
  launcher.process.kill('SIGTERM')
  return launcher.ended
}

/** Standard output of `--json`, which is one line when it is ready. */
async function lastLine(launcher: Launcher): Promise<string> {
  return waitFor(() => (launcher.stdout.endsWith('\n') ? launcher.stdout.trim() : undefined), {
    timeoutMs: 90_000,
    what: 'the summary',
  }).catch((error: unknown) => {
    throw new Error(launcher.output, { cause: error })
  })
}

const localFile = (): string => join(folder, 'home', 'local.json')
const readLocal = (): LocalFile => JSON.parse(readFileSync(localFile(), 'utf8')) as LocalFile

const hasCurl = async (): Promise<boolean> => (await shell('command -v curl')) !== ''

async function shell(line: string): Promise<string> {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise((done) => child.once('close', done))
  return output
}
