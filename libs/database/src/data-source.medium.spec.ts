import { startPostgres } from '@weir/embedded-postgres'
import { createTestDatabase } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { awaitDataSource, isUnavailable, isUniqueViolation, openDataSource } from './data-source.js'
import { Note, noteOptions, openNotes } from './testing/note.js'

describe('a data source', () => {
  it('makes its schema and migrates once, also when replicas start together', async () => {
    const { url, drop } = await createTestDatabase()
    const opened = await Promise.all(Array.from({ length: 4 }, () => openDataSource(noteOptions(url))))
    const [first] = opened
    expect(await first?.query('SELECT name FROM migration')).toEqual([{ name: 'CreateNotes1700000000000' }])
    expect(await first?.query('SELECT count(*)::int AS heads FROM change_head')).toEqual([{ heads: 1 }])
    for (const dataSource of opened) await dataSource.destroy()
    await drop()
  })

  it('sees its own schema and no other', async () => {
    const { dataSource, owner, close } = await openNotes()
    await owner.query('CREATE TABLE public.elsewhere (id int)')
    await expect(dataSource.query('SELECT * FROM elsewhere')).rejects.toThrow('does not exist')
    expect(await dataSource.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '30s' }])
    await close()
  })

  it('is no matter of availability when a statement is wrong', async () => {
    const { dataSource, close } = await openNotes()
    const wrong: unknown = await dataSource.query('SELECT nonsense').catch((error: unknown) => error)
    expect(isUnavailable(wrong)).toBe(false)
    await dataSource.manager.insert(Note, { id: 'a', text: '' })
    const twice: unknown = await dataSource.manager
      .insert(Note, { id: 'a', text: '' })
      .catch((error: unknown) => error)
    expect([isUnavailable(twice), isUniqueViolation(twice), isUniqueViolation(twice, 'other')]).toEqual([
      false,
      true,
      false,
    ])
    await close()
  })

  it('fails at once when a migration does, instead of trying for ever', async () => {
    const { url, drop } = await createTestDatabase()
    class Broken1700000000001 {
      name = 'Broken1700000000001'
      up = () => Promise.reject(new Error('a broken migration'))
      down = () => Promise.resolve()
    }
    const options = { ...noteOptions(url), migrations: [Broken1700000000001] }
    await expect(awaitDataSource(options, () => undefined)).rejects.toThrow('a broken migration')
    await drop()
  })

  it('is waited for, breaks with an error that says so, and comes back by itself', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'weir-data-source-'))
    let postgres = await startPostgres({ dataDir, settings: { fsync: 'off' } })
    const { url, port } = postgres
    postgres.kill()
    await postgres.exited

    const reasons: string[] = []
    const opening = awaitDataSource(noteOptions(url), (reason) => reasons.push(reason))
    await new Promise((resolve) => setTimeout(resolve, 500))
    postgres = await startPostgres({ dataDir, port, settings: { fsync: 'off' } })
    const dataSource = await opening
    expect(reasons.length).toBeGreaterThan(0)
    expect(reasons.join()).not.toContain(new URL(url).password)

    const sleeping = dataSource.query('SELECT pg_sleep(20)').catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 200))
    postgres.kill()
    await postgres.exited
    expect(isUnavailable(await sleeping)).toBe(true)
    const refused: unknown = await dataSource.query('SELECT 1').catch((error: unknown) => error)
    expect(isUnavailable(refused)).toBe(true)
    const refusedTransaction: unknown = await dataSource
      .transaction(() => Promise.resolve())
      .catch((error: unknown) => error)
    expect(isUnavailable(refusedTransaction)).toBe(true)

    postgres = await startPostgres({ dataDir, port, settings: { fsync: 'off' } })
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await dataSource.destroy()
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
})
