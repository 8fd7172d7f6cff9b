import { waitFor } from '@weir/testing'
import type { Subscription } from 'rxjs'
import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ChangeFeed, type FeedBatch } from './change-feed.js'
import { ChangeLog } from './change-log.js'
import { entityKind } from './entity-kind.js'
import { changeOf, Note, openNotes, toMessage } from './testing/note.js'

type Batch = FeedBatch<string>

describe('the change feed', () => {
  let dataSource: DataSource
  let owner: Pool
  let close: () => Promise<void>
  let log: ChangeLog
  let feed: ChangeFeed<string>
  let subscriptions: Subscription[]
  const errors: unknown[] = []

  beforeAll(async () => {
    ;({ dataSource, owner, close } = await openNotes())
    log = new ChangeLog(dataSource, { toMessage, onCommit: () => undefined })
  })
  afterAll(() => close())
  beforeEach(async () => {
    await owner.query('TRUNCATE note, change, outbox')
    await dataSource.query('UPDATE change_head SET version = 0, pruned_version = 0')
    subscriptions = []
    feed = new ChangeFeed(
      dataSource,
      [entityKind('note', Note, ({ id, text }) => `${id}=${text}`)],
      (error) => errors.push(error),
    )
    feed.start()
  })
  afterEach(async () => {
    for (const subscription of subscriptions) subscription.unsubscribe()
    await feed.close()
  })

  const put = (id: string, text: string) =>
    log.write(async (manager, changed) => {
      await manager.upsert(Note, { id, text }, ['id'])
      changed(changeOf(id, 'updated'))
    })
  const remove = (id: string) =>
    log.write(async (manager, changed) => {
      await manager.delete(Note, { id })
      changed(changeOf(id, 'deleted'))
    })
  const watch = (
    options: { from?: { epoch: string; sinceVersion: string }; pace?: () => Promise<void> } = {},
  ) => {
    const batches: Batch[] = []
    const { from = { epoch: '', sinceVersion: '0' }, pace } = options
    const subscription = feed.watch(from, pace && { pace }).subscribe((batch) => batches.push(batch))
    subscriptions.push(subscription)
    return { batches, subscription, synced: () => waitFor(() => batches.find(({ synced }) => synced)) }
  }

  it('sends an empty state too', async () => {
    const { batches, synced } = watch()
    await synced()
    expect(batches.map(({ reset, synced, upserts }) => [reset, synced, upserts])).toEqual([
      [true, false, []],
      [false, true, []],
    ])
  })

  it('sends what is there by pages, then each change as it is now', async () => {
    await dataSource.query(
      `INSERT INTO note SELECT 'n' || lpad(i::text, 5, '0'), 'bulk' FROM generate_series(1, 4500) i`,
    )
    const { batches, synced } = watch()
    await synced()
    const upserts = batches.flatMap((batch) => batch.upserts)
    expect(upserts).toHaveLength(4500)
    expect(new Set(upserts).size).toBe(4500)
    expect(Math.max(...batches.map((batch) => batch.upserts.length))).toBe(2000)
    expect(batches.filter(({ reset }) => reset)).toHaveLength(1)

    const { length } = batches
    await put('a', '1')
    await put('a', '2')
    await remove('n00001')
    await waitFor(() => batches.at(-1)?.version === '3')
    const later = batches.slice(length)
    expect(later.flatMap((batch) => batch.upserts).at(-1)).toBe('a=2')
    expect(later.flatMap(({ removals }) => removals)).toEqual([{ kind: 'note', id: 'n00001' }])
  })

  it('sends many changes in parts, and their version only with the last', async () => {
    await put('first', '')
    const { epoch } = await watch().synced()
    await log.write(async (manager, changed) => {
      await manager.query(`INSERT INTO note SELECT 'n' || i, 'bulk' FROM generate_series(1, 4500) i`)
      for (let i = 1; i <= 4500; i++) changed(changeOf(`n${i}`, 'created'))
    })
    const { batches, synced } = watch({ from: { epoch, sinceVersion: '1' } })
    await synced()
    expect(batches.map(({ version, synced, upserts }) => [version, synced, upserts.length])).toEqual([
      ['1', false, 2000],
      ['1', false, 2000],
      ['4501', true, 500],
    ])
  })

  it('sends large resources in smaller batches', async () => {
    await feed.close()
    feed = new ChangeFeed(
      dataSource,
      [entityKind('note', Note, ({ id }) => id)],
      (error) => errors.push(error),
      () => 1024 * 1024,
    )
    feed.start()
    await dataSource.query(`INSERT INTO note SELECT 'n' || i, '' FROM generate_series(1, 10) i`)
    const { batches, synced } = watch()
    await synced()
    expect(batches.map(({ upserts }) => upserts.length).filter((length) => length > 0)).toEqual([4, 4, 2])
  })

  it('misses nothing that changes while the whole state is being sent', async () => {
    await dataSource.query(
      `INSERT INTO note SELECT 'n' || lpad(i::text, 5, '0'), 'old' FROM generate_series(1, 6000) i`,
    )
    let pages = 0
    const { batches, synced } = watch({
      pace: async () => {
        if (++pages === 3) {
          await put('n00001', 'new')
          await remove('n00002')
          await put('n05999', 'new')
          await remove('n06000')
          await put('a-late', 'new')
        }
      },
    })
    await synced()
    const state = new Map<string, string>()
    for (const { upserts, removals } of batches) {
      for (const upsert of upserts) state.set(upsert.split('=')[0] ?? '', upsert)
      for (const { id } of removals) state.delete(id)
    }
    const rows = await dataSource.manager.find(Note)
    expect([...state.values()].sort()).toEqual(rows.map(({ id, text }) => `${id}=${text}`).sort())
    expect(batches.at(-1)).toMatchObject({ synced: true, version: '5' })
  })

  it('holds nothing for a watcher that does not read, and no connection either', async () => {
    await dataSource.query(`INSERT INTO note SELECT 'n' || i, 'bulk' FROM generate_series(1, 10000) i`)
    let resume: () => void = () => undefined
    const stopped = new Promise<void>((resolve) => (resume = resolve))
    const slow = Array.from({ length: 15 }, () => watch({ pace: () => stopped }))
    await waitFor(() => slow.every(({ batches }) => batches.length === 1))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(slow.every(({ batches }) => batches.length === 1)).toBe(true)
    // There are ten connections; fifteen watchers that kept one each would leave none.
    await put('a', 'still works')
    await watch().synced()
    resume()
    await Promise.all(slow.map(({ synced }) => synced()))
  })

  it('tells every watcher of a change soon', async () => {
    const watchers = Array.from({ length: 20 }, () => watch())
    await Promise.all(watchers.map(({ synced }) => synced()))
    const times: number[] = []
    for (let i = 1; i <= 10; i++) {
      const committedAt = performance.now()
      await put('a', String(i))
      await waitFor(() => watchers.every(({ batches }) => batches.at(-1)?.version === String(i)), {
        intervalMs: 5,
      })
      times.push(performance.now() - committedAt)
    }
    expect(Math.max(...times)).toBeLessThan(1_000)
  })

  it('hears of commits also when the connection that listens was cut', async () => {
    const { batches, synced } = watch()
    await synced()
    const cut = await owner.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir notes_change' AND datname = current_database()`,
    )
    expect(cut.rowCount).toBeGreaterThan(0)
    await put('a', 'after')
    await waitFor(() => batches.at(-1)?.upserts.includes('a=after'), { timeoutMs: 3_000 })
  })

  it('reads versions, keys and head in one snapshot', async () => {
    await put('a', '1')
    const seen = await feed.inSnapshot(async (manager, { version }) => {
      await put('a', '2')
      return [version, (await manager.findOneByOrFail(Note, { id: 'a' })).text]
    })
    expect(seen).toEqual(['1', '1'])
  })

  it('keeps a bounded number of changes, and sends those who lack older ones everything', async () => {
    await put('a', '1')
    const { epoch } = await watch().synced()
    await dataSource.query(
      `INSERT INTO change (version, kind, id, action) SELECT i, 'note', 'a', 'updated' FROM generate_series(2, 200001) i`,
    )
    await dataSource.query('UPDATE change_head SET version = 200001')
    await put('a', '2')
    await waitFor(async () => {
      const [row] = await dataSource.query<{ count: number }[]>('SELECT count(*)::int AS count FROM change')
      return (row?.count ?? 0) <= 100_001
    })
    const { batches, synced } = watch({ from: { epoch, sinceVersion: '1' } })
    await synced()
    expect(batches[0]?.reset).toBe(true)
    const recent = watch({ from: { epoch, sinceVersion: '200000' } })
    await recent.synced()
    expect(recent.batches[0]?.reset).toBe(false)
  })

  it('ends its watches when it is closed', async () => {
    const { subscription, synced } = watch()
    await synced()
    await feed.close()
    await waitFor(() => subscription.closed)
  })

  it('forgets a watcher that has gone', async () => {
    const { subscription, batches, synced } = watch()
    await synced()
    subscription.unsubscribe()
    const { length } = batches
    await put('a', 'unheard')
    await watch().synced()
    expect(batches).toHaveLength(length)
  })
})
