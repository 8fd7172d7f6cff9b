import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir')
const execute = promisify(execFile)

/** Makes a folder once and for all runs: what `fill` leaves behind is kept only when it succeeds. */
async function prepare(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const home = join(cache, name)
  if (existsSync(home)) return home
  const draft = `${home}.${process.pid}`
  try {
    mkdirSync(draft, { recursive: true })
    await fill(draft)
    renameSync(draft, home)
    return home
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

/** The folder of a program from npm, installed once. */
export function installFromNpm(name: string, version: string): Promise<string> {
  return prepare(`${name.replace(/[@/]/g, '_')}-${version}`, async (folder) => {
    const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
    await execute('npm', ['install', ...options, `${name}@${version}`], { timeout: 300_000 })
  })
}

/** The Python of an environment with packages from PyPI, installed once. */
export async function installFromPypi(name: string, packages: string[]): Promise<string> {
  const home = await prepare(`python-${name}`, async (folder) => {
    await execute('python3', ['-m', 'venv', folder], { timeout: 60_000 })
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]
    await execute(join(folder, 'bin', 'python'), pip, { timeout: 300_000 })
  })
  return join(home, 'bin', 'python')
}

/** What a program printed. Rejects when it ends with an error, or not in time. */
export async function run(
  program: string,
  args: string[],
  options: { cwd: string; env: Record<string, string>; input?: string; timeoutMs?: number },
): Promise<string> {
  const { cwd, input = '', timeoutMs = 180_000 } = options
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, ...options.env }
  const child = spawn(program, args, { cwd, env, timeout: timeoutMs, killSignal: 'SIGKILL' })
  child.stdin.end(input)
  const out: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => errors.push(part))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const text = Buffer.concat(out).toString()
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${text}${Buffer.concat(errors).toString()}`)
  return text
}
