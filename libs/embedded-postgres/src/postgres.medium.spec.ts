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
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, freePort, startPostgres, type StartPostgresOptions } from './index.js'

const isRoot = process.getuid?.() === 0
const path = process.env.PATH
let home: string
let started: EmbeddedPostgres[]
let children: ChildProcess[]

beforeEach(() => {
  // Mode 0700 and, under root, owned by root: a closed home.
  home = mkdtempSync(join(tmpdir(), 'weir-postgres-'))
  started = []
  children = []
})

afterEach(async () => {
  process.env.PATH = path
  for (const postgres of started) await postgres.stop()
  for (const child of children) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

describe('startPostgres', () => {
  it('keeps data and password over a stop and a start', async () => {
    const first = await start({ database: 'weir' })
    await query(first, 'create table note (text text)')
    await query(first, `insert into note values ('kept')`)
    await first.stop()
    expect(await first.exited).toEqual({ code: 0, signal: null, expected: true })

    const second = await start({ database: 'weir', port: first.port })
    expect(second.url).toBe(first.url)
    expect(await query(second, 'select text from note')).toEqual([{ text: 'kept' }])
    expect(statSync(join(home, 'password')).mode & 0o777).toBe(0o600)
    expect(await query(second, 'show fsync')).toEqual([{ fsync: 'on' }])
  })

  it('loses nothing that was committed before a kill -9', async () => {
    const first = await start()
    await query(first, 'create table note (id int)')
    // A backend that is busy outlives its postmaster for a moment unless it is killed too.
    const busy = query(first, 'select pg_sleep(60)').catch(() => 'cut')
    await query(first, 'insert into note values (1)')
    first.kill()
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL', expected: false })
    expect(await busy).toBe('cut')

    const second = await start({ port: first.port })
    expect(await query(second, 'select id from note')).toEqual([{ id: 1 }])
  })

  it('waits for backends that outlive a killed postmaster', async () => {
    const first = await start()
    const busy = query(first, 'select pg_sleep(60)').catch(() => 'cut')
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    const second = await start({ port: first.port })
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await busy).toBe('cut')
  })

  it.each(['a process of someone else', 'a zombie'])(
    'starts when the stale pid now belongs to %s',
    async (whose) => {
      const first = await start()
      first.kill()
      await first.exited
      const pid = whose === 'a zombie' ? await zombie() : sleeper()
      const file = join(home, 'cluster', 'postmaster.pid')
      writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(pid)))
      const second = await start()
      expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }])
    },
  )

  it('names the port that is taken', async () => {
    const server = createServer()
    const port = await freePort()
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    await expect(start({ port })).rejects.toThrow(`Port ${port}, which PostgreSQL is set to use, is taken`)
    await new Promise((done) => server.close(done))
  })

  it('finishes a creation that was killed half-way', async () => {
    mkdirSync(join(home, 'cluster.draft', 'base'), { recursive: true })
    const postgres = await start()
    expect(await query(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(home, 'cluster.draft'))).toBe(false)
  })

  it.each([
    ['PG_VERSION', undefined],
    ['PG_VERSION', '16\n'],
    ['global/pg_control', 'rubbish'],
    ['postgresql.conf', 'what = = is this'],
  ])('says in one sentence that data with a bad %s (%o) is damaged', async (file, content) => {
    const first = await start()
    await first.stop()
    const damaged = join(home, 'cluster', file)
    if (content === undefined) rmSync(damaged)
    else writeFileSync(damaged, content)
    const error = await start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'PostgresStartError' })
    const message = (error as Error).message
    expect(message).toContain(join(home, 'cluster'))
    expect(message).toMatch(/move the folder away to start empty/)
    expect(message).not.toContain('\n')
    expect(content === undefined ? existsSync(damaged) : readFileSync(damaged, 'utf8')).toBe(content ?? false)
  })

  it('says that a kept password does not fit the data', async () => {
    await (await start()).stop()
    writeFileSync(join(home, 'password'), 'x'.repeat(32))
    await expect(start()).rejects.toThrow('the kept password does not belong to this data folder')
  })

  it('runs under root where user namespaces are forbidden', async ({ skip }) => {
    skip(!isRoot, 'this user is not root')
    forbid('unshare')
    const postgres = await start()
    expect(await query(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
    await postgres.stop()
    process.env.PATH = path
    // The folder changes hands back when namespaces are allowed again.
    expect(await query(await start(), 'select 2 as two')).toEqual([{ two: 2 }])
  })

  it('explains itself under root when there is no way to be another user', async ({ skip }) => {
    skip(!isRoot, 'this user is not root')
    forbid('unshare', 'setpriv')
    await expect(start()).rejects.toThrow('start Weir as an ordinary user')
  })
})

async function start(options: Partial<StartPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir: home, ...options })
  started.push(postgres)
  return postgres
}

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

function sleeper(): number {
  const child = spawn('sleep', ['60'])
  children.push(child)
  return child.pid ?? 0
}

/** A process that ended and whose parent never asks how. */
async function zombie(): Promise<number> {
  const child = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  return new Promise((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => setTimeout(() => resolve(Number(chunk.toString())), 200)),
  )
}

/** Puts programs that always fail in front of the real ones. */
function forbid(...programs: string[]): void {
  const folder = join(home, 'bin')
  mkdirSync(folder, { recursive: true })
  for (const program of programs) {
    writeFileSync(join(folder, program), '#!/bin/sh\necho "Operation not permitted" >&2\nexit 1\n')
    chmodSync(join(folder, program), 0o755)
  }
  process.env.PATH = `${folder}${delimiter}${path}`
}
