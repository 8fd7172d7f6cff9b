import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChangeLog } from './change-log.js'
import { changeOf, Note, openNotes, toMessage } from './testing/note.js'

describe('the change log', () => {
  let dataSource: DataSource
  let owner: Pool
  let close: () => Promise<void>
  let commits: number
  let log: ChangeLog

  beforeAll(async () => void ({ dataSource, owner, close } = await openNotes()))
  afterAll(() => close())
  beforeEach(async () => {
    await owner.query('TRUNCATE note, change, outbox')
    await dataSource.query('UPDATE change_head SET version = 0')
    commits = 0
    log = new ChangeLog(dataSource, { toMessage, onCommit: () => commits++ })
  })

  const add = (id: string) =>
    log.write(async (manager, changed) => {
      await manager.insert(Note, { id, text: '' })
      changed(changeOf(id, 'created'))
    })
  const versions = () =>
    dataSource.query<{ version: string; id: string }[]>('SELECT version, id FROM change ORDER BY version')
  const outbox = () =>
    dataSource.query<{ key: string; value: string }[]>('SELECT key, value FROM outbox ORDER BY id')
  const head = async () =>
    (await dataSource.query<{ version: string }[]>('SELECT version FROM change_head'))[0]?.version

  it('writes rows, versions and messages together', async () => {
    await log.write(async (manager, changed) => {
      await manager.insert(Note, [
        { id: 'a', text: '' },
        { id: 'b', text: '' },
      ])
      changed(changeOf('a', 'created'))
      changed(changeOf('b', 'created'))
    })
    expect(await versions()).toEqual([
      { version: '1', id: 'a' },
      { version: '2', id: 'b' },
    ])
    expect(await outbox()).toEqual([
      { key: 'a', value: '1 created' },
      { key: 'b', value: '2 created' },
    ])
    expect([await head(), commits]).toEqual(['2', 1])
  })

  it('writes nothing of what failed', async () => {
    await add('a')
    await expect(add('a')).rejects.toThrow('duplicate key')
    const failing = log.write(async (manager, changed) => {
      await manager.insert(Note, { id: 'b', text: '' })
      changed(changeOf('b', 'created'))
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await versions()).toHaveLength(1)
    expect(await outbox()).toHaveLength(1)
    expect([await head(), commits]).toEqual(['1', 1])
  })

  it('takes no version for what changed nothing', async () => {
    expect(await log.write(() => Promise.resolve('read'))).toBe('read')
    expect([await head(), commits]).toEqual(['0', 0])
  })

  it('counts densely, in the order of commits, however many write at once', async () => {
    const count = 60
    const results = await Promise.allSettled(Array.from({ length: count }, (_, i) => add(`n${i % 50}`)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(50)
    const changes = await versions()
    expect(changes.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, i) => String(i + 1)))
    expect((await outbox()).map(({ key }) => key)).toEqual(changes.map(({ id }) => id))
  })

  it('shows a version only together with everything below it', async () => {
    let isDone = false
    const watching = (async () => {
      const gaps: unknown[] = []
      while (!isDone) {
        const [row] = await dataSource.query<{ version: string; changes: string }[]>(
          'SELECT (SELECT version FROM change_head) AS version, (SELECT count(*) FROM change) AS changes',
        )
        if (row?.version !== row?.changes) gaps.push(row)
      }
      return gaps
    })()
    await Promise.all(Array.from({ length: 100 }, (_, i) => add(`m${i}`)))
    isDone = true
    expect(await watching).toEqual([])
  })

  it('does the work again when PostgreSQL has chosen it to end a deadlock', async () => {
    await add('left')
    await add('right')
    const crosswise = (first: string, second: string) =>
      log.write(async (manager, changed) => {
        await manager.update(Note, { id: first }, { text: 'x' })
        await new Promise((resolve) => setTimeout(resolve, 200))
        await manager.update(Note, { id: second }, { text: 'x' })
        changed(changeOf(first, 'updated'))
      })
    await Promise.all([crosswise('left', 'right'), crosswise('right', 'left')])
    expect(await versions()).toHaveLength(4)
  })
})
