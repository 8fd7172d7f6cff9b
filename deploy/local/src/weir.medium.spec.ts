import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, processStartedAt } from '@weir/embedded-postgres'
import { waitFor } from '@weir/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SERVICE_NAMES } from './service-table.js'
import { startWeir, type StartWeirOptions, type Weir } from './weir.js'

let folder: string
let home: string
let running: Weir[]
let launchers: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-local-'))
  home = join(folder, 'home')
  running = []
  launchers = []
  for (const name of SERVICE_NAMES) writeFake(name, FAKE)
})

afterEach(async () => {
  for (const weir of running) await weir.stop()
  for (const launcher of launchers) {
    launcher.kill('SIGTERM')
    if (launcher.exitCode === null && launcher.signalCode === null)
      await new Promise((done) => launcher.once('exit', done))
  }
  rmSync(folder, { recursive: true, force: true })
})

describe('startWeir', () => {
  it('runs every service as a process with its own ports and the same secrets, none of them in arguments', async () => {
    const weir = await start({ gateways: 2 })
    expect([...weir.processes.keys()]).toEqual([
      'postgres',
      ...['identity', 'catalog', 'policy', 'metering', 'aggregator', 'gateway-1', 'gateway-2'],
    ])
    expect(new Set([...weir.processes.values()].map(({ pid }) => pid)).size).toBe(8)
    const [identity, gateway] = [environmentOf('identity'), environmentOf('gateway-2')]
    for (const name of [
      'WEIR_MASTER_KEY',
      'WEIR_INTERNAL_SECRET',
      'WEIR_ENCRYPTION_KEYS',
      'WEIR_KEY_PEPPER',
    ]) {
      expect(identity[name]?.length).toBeGreaterThanOrEqual(32)
      expect(gateway[name]).toBe(identity[name])
    }
    expect(gateway).toMatchObject({
      WEIR_DATA_DIR: join(home, 'gateway-2'),
      WEIR_PORT: String(weir.ports['public']),
      WEIR_REUSE_PORT: '1',
      WEIR_IDENTITY_GRPC: `127.0.0.1:${identity['WEIR_GRPC_PORT']}`,
      WEIR_METERING_HTTP: `http://127.0.0.1:${weir.ports['metering.http']}`,
    })
    expect(weir.masterKey).toMatch(/^mk_/)
    const secrets = Object.values(
      JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')) as object,
    ) as string[]
    for (const { pid } of weir.processes.values()) {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      for (const secret of secrets) expect(command).not.toContain(secret)
    }
    expect(statSync(home).mode & 0o777).toBe(0o700)
    expect(statSync(join(home, 'secrets.json')).mode & 0o777).toBe(0o600)
  })

  it('keeps secrets, ports and data over a restart', async () => {
    const first = await start({ port: 0 })
    await query(first, 'create table note (id int)')
    await first.stop()
    const second = await start({ port: 0 })
    expect(second.masterKey).toBe(first.masterKey)
    expect(second.ports).toEqual(first.ports)
    expect(await query(second, 'select count(*)::int as rows from note')).toEqual([{ rows: 0 }])
  })

  it('runs two instances side by side', async () => {
    const [one, two] = await Promise.all([start(), start({ home: join(folder, 'other') })])
    expect(one.url).not.toBe(two.url)
    expect(await (await fetch(`${one.url}/`)).text()).toBe(join(home, 'gateway-1'))
    expect(await (await fetch(`${two.url}/`)).text()).toBe(join(folder, 'other', 'gateway-1'))
  })

  it('starts a killed service and a killed PostgreSQL again, on the same ports, and says so', async () => {
    const lines: string[] = []
    const weir = await start({ say: (line) => lines.push(line), quiet: false })
    await query(weir, 'create table note (id int)')
    const catalog = weir.processes.get('catalog')
    const [catalogPid, postgresPid] = [catalog?.pid, weir.postgres.pid]
    catalog?.kill('SIGKILL')
    weir.postgres.kill('SIGKILL')
    await waitFor(() => catalog?.pid !== undefined && catalog.pid !== catalogPid, { timeoutMs: 10_000 })
    await waitFor(() => weir.postgres.pid !== undefined && weir.postgres.pid !== postgresPid, {
      timeoutMs: 20_000,
    })
    await waitFor(() => fetch(`http://127.0.0.1:${weir.ports['catalog.metrics']}/readyz`), {
      timeoutMs: 10_000,
    })
    expect(await query(weir, 'select count(*)::int as rows from note')).toEqual([{ rows: 0 }])
    expect(lines).toContain('catalog ended (SIGKILL); starting it again in 0.2 s')
    expect(lines).toContain('postgres ended (SIGKILL); starting it again in 0.2 s')
    expect(lines.some((line) => line.startsWith('catalog was started again'))).toBe(true)
  })

  it('leaves a service stopped that was stopped on purpose, until it is started', async () => {
    const weir = await start()
    const metering = weir.processes.get('metering')
    await metering?.stop()
    await new Promise((done) => setTimeout(done, 500))
    expect(metering?.pid).toBeUndefined()
    await metering?.start()
    await waitFor(() => fetch(`http://127.0.0.1:${weir.ports['metering.metrics']}/readyz`), {
      timeoutMs: 10_000,
    })
  })

  it('runs a gateway beyond the wanted number while its journal holds usage', async () => {
    for (const [index, lines] of [
      [2, ''],
      [3, 'an attempt\n'],
    ] as const) {
      const journal = join(home, `gateway-${index}`, 'journal')
      mkdirSync(journal, { recursive: true })
      writeFileSync(join(journal, '0000000000000000.log'), lines)
    }
    const weir = await start()
    const gateways = [...weir.processes.keys()].filter((name) => name.startsWith('gateway-'))
    expect(gateways).toEqual(['gateway-1', 'gateway-3'])
    expect(environmentOf('gateway-1')['WEIR_REUSE_PORT']).toBe('1')
  })

  it('stops gateways first, then the readers of usage, then the others, then PostgreSQL', async () => {
    const weir = await start({ gateways: 2 })
    await weir.stop()
    const order = readFileSync(join(home, 'stopped'), 'utf8').trim().split('\n')
    expect(order.slice(0, 2).sort()).toEqual(['gateway-1', 'gateway-2'])
    expect(order.slice(2, 4).sort()).toEqual(['aggregator', 'metering'])
    expect(order.slice(4).sort()).toEqual(['catalog', 'identity', 'policy'])
    expect(existsSync(join(home, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('shows the last lines of a service that cannot start, and leaves nothing running', async () => {
    writeFake('policy', `console.log('The policy is: no.'); process.exit(3)`)
    const error = await start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'LaunchError' })
    expect((error as Error).message).toContain('policy could not be started: it ends again and again')
    expect((error as Error).message).toContain('The policy is: no.')
    const { pid } = JSON.parse(readFileSync(join(home, 'environment-identity.json'), 'utf8')) as {
      pid: number
    }
    expect(processStartedAt(pid)).toBeUndefined()
    expect(existsSync(join(home, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('names a taken public port before anything is started', async () => {
    const server = createServer()
    const port = await freePort()
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`)
    await new Promise((done) => server.close(done))
    expect(existsSync(join(home, 'postgres'))).toBe(false)
  })

  it('refuses a second launcher on the same home', async () => {
    await start()
    await expect(start()).rejects.toThrow(`Another Weir already runs in ${home} (process ${process.pid})`)
  })

  it.each([
    ['{"masterKey": "mk_', 'it is not JSON'],
    ['{"masterKey": "mk_short"}', 'masterKey is missing or cut'],
  ])('refuses a damaged secrets.json (%s) and changes nothing', async (content, reason) => {
    await (await start()).stop()
    writeFileSync(join(home, 'secrets.json'), content)
    await expect(start()).rejects.toThrow(reason)
    expect(readFileSync(join(home, 'secrets.json'), 'utf8')).toBe(content)
  })

  it('makes no new secrets beside old data', async () => {
    await (await start()).stop()
    rmSync(join(home, 'secrets.json'))
    await expect(start()).rejects.toThrow('secrets.json is missing')
    expect(existsSync(join(home, 'secrets.json'))).toBe(false)
  })

  it('refuses a damaged database folder in one sentence', async () => {
    await (await start()).stop()
    rmSync(join(home, 'postgres', 'cluster', 'global', 'pg_control'))
    await expect(start()).rejects.toThrow(
      /PostgreSQL data in .* is damaged \(global\/pg_control is missing\)/,
    )
  })

  it('refuses a home that is a file', async () => {
    writeFileSync(home, '')
    await expect(start()).rejects.toThrow(`${home} is not a folder`)
  })

  it('says that the disk is full', async ({ skip }) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    skip(
      !(await succeeds('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])),
      'this user may not mount a small disk',
    )
    try {
      await expect(start({ home: join(disk, 'home') })).rejects.toThrow(/^The disk that holds .* is full/)
    } finally {
      await succeeds('umount', [disk])
    }
  })

  it('can be interrupted while it starts', async () => {
    writeFake('catalog', 'setInterval(() => undefined, 1000)')
    const interrupted = new AbortController()
    const starting = start({ signal: interrupted.signal })
    setTimeout(() => interrupted.abort(), 3_000)
    await expect(starting).rejects.toThrow('The start was interrupted')
    expect(existsSync(join(home, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
  })

  it('starts on the same home after the launcher was killed, with everything it left still there', async () => {
    // Deaf services, as if they hung: they neither notice the launcher's death nor a polite request.
    for (const name of SERVICE_NAMES) writeFake(name, `const deaf = true\n${FAKE}`)
    const port = await freePort()
    const launcher = launch({ port })
    await waitFor(() => fetch(`http://127.0.0.1:${port}/`), { timeoutMs: 30_000 })
    await waitFor(() => existsSync(join(home, 'environment-aggregator.json')), { timeoutMs: 30_000 })
    launcher.kill('SIGKILL')
    const lines: string[] = []
    const weir = await start({ port, say: (line) => lines.push(line), quiet: false })
    expect(lines.some((line) => line.startsWith('stopped what a killed launcher left: identity'))).toBe(true)
    expect((await fetch(weir.url)).status).toBe(200)
    for (const name of SERVICE_NAMES) writeFake(name, FAKE)
    weir.kill()
  })

  it('waits for a launcher that is stopping', async () => {
    const port = await freePort()
    const launcher = launch({ port })
    await waitFor(() => fetch(`http://127.0.0.1:${port}/`), { timeoutMs: 30_000 })
    launcher.kill('SIGTERM')
    const weir = await start({ port })
    expect((await fetch(weir.url)).status).toBe(200)
  })

  it('runs as an ordinary user', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'this user is ordinary, so every other test shows it')
    chmodSync(folder, 0o777)
    const user = { uid: 12_345, gid: 12_345 }
    const canRead = await succeeds(
      'test',
      ['-r', fileURLToPath(new URL('../dist/index.js', import.meta.url))],
      user,
    )
    skip(!canRead, 'an ordinary user cannot read this clone')
    const port = await freePort()
    launch({ port }, user)
    await waitFor(() => fetch(`http://127.0.0.1:${port}/`), { timeoutMs: 30_000 })
    expect(statSync(join(home, 'secrets.json')).uid).toBe(user.uid)
  })
})

/** A service's main that behaves like the real ones as far as the launcher can see. */
const FAKE = `
import { createServer } from 'node:http'
import { appendFileSync, writeFileSync } from 'node:fs'
import { dirname, basename } from 'node:path'
const env = process.env
const service = basename(dirname(dirname(process.argv[1])))
const name = service === 'gateway' ? basename(env.WEIR_DATA_DIR) : service
const home = env.TEST_HOME
writeFileSync(home + '/environment-' + name + '.json', JSON.stringify({ ...env, pid: process.pid }))
createServer((_, response) => response.end('{}')).listen(Number(env.WEIR_METRICS_PORT), '127.0.0.1')
if (service === 'gateway') {
  createServer((_, response) => response.end(env.WEIR_DATA_DIR)).listen({
    port: Number(env.WEIR_PORT), host: '127.0.0.1', reusePort: env.WEIR_REUSE_PORT === '1',
  })
}
const stop = () => {
  appendFileSync(home + '/stopped', name + '\\n')
  process.exit(0)
}
if (typeof deaf === 'undefined') {
  process.once('SIGTERM', stop)
  process.once('disconnect', stop)
} else process.on('SIGTERM', () => undefined)
`

function writeFake(name: string, source: string): void {
  const dist = join(folder, 'services', name, 'dist')
  mkdirSync(dist, { recursive: true })
  writeFileSync(join(folder, 'services', 'package.json'), '{"type":"module"}')
  writeFileSync(join(dist, 'main.js'), source)
}

async function start(options: Partial<StartWeirOptions> = {}): Promise<Weir> {
  const servicesFolder = join(folder, 'services')
  const env = { TEST_HOME: options.home ?? home }
  const weir = await startWeir({ home, port: await freePort(), quiet: true, servicesFolder, env, ...options })
  running.push(weir)
  return weir
}

/** A launcher in a process of its own, from the compiled sources. */
function launch(options: Partial<StartWeirOptions>, user: { uid?: number; gid?: number } = {}): ChildProcess {
  const module = fileURLToPath(new URL('../dist/index.js', import.meta.url))
  const all = { home, servicesFolder: join(folder, 'services'), env: { TEST_HOME: home }, ...options }
  const script = `
    import { startWeir } from ${JSON.stringify(module)}
    const weir = await startWeir(${JSON.stringify(all)})
    process.once('SIGTERM', () => weir.stop().then(() => process.exit()))`
  const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], {
    ...user,
    cwd: folder,
    stdio: 'inherit',
  })
  launchers.push(launcher)
  return launcher
}

function environmentOf(name: string): Record<string, string> {
  return JSON.parse(readFileSync(join(home, `environment-${name}.json`), 'utf8')) as Record<string, string>
}

async function query(weir: Weir, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: weir.postgres.url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function succeeds(
  command: string,
  args: string[],
  user: { uid?: number; gid?: number } = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...user, stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
