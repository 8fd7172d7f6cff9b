import { createTestDatabase, type TestDatabase } from '@weir/testing'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BoundedReads } from './bounded-reads.js'

describe('BoundedReads', () => {
  let database: TestDatabase
  let dataSource: DataSource

  beforeAll(async () => {
    database = await createTestDatabase()
    dataSource = await new DataSource({ type: 'postgres', url: database.url, poolSize: 3 }).initialize()
  })

  afterAll(async () => {
    await dataSource.destroy()
    await database.drop()
  })

  it('leaves connections for others, however many read', async () => {
    const reads = new BoundedReads(dataSource, { atOnce: 2 })
    const slow = Array.from({ length: 6 }, () =>
      reads.run((manager) => manager.query('SELECT pg_sleep(0.1)')),
    )
    const begin = performance.now()
    await dataSource.query('SELECT 1')
    expect(performance.now() - begin).toBeLessThan(90)
    await Promise.all(slow)
    expect(performance.now() - begin).toBeGreaterThanOrEqual(295)
  })

  it('ends what takes too long, and says what to do', async () => {
    const reads = new BoundedReads(dataSource, { timeoutMs: 50 })
    const read = reads.run((manager) => manager.query('SELECT pg_sleep(5)'))
    await expect(read).rejects.toMatchObject({ code: 'service_unavailable', message: /shorter period/ })
    expect(await dataSource.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }])
  })

  it('refuses when too many wait', async () => {
    const reads = new BoundedReads(dataSource, { atOnce: 1, maxWaiting: 1 })
    const [first, second, third] = Array.from({ length: 3 }, () =>
      reads.run((manager) => manager.query('SELECT pg_sleep(0.05)')),
    )
    await expect(third).rejects.toMatchObject({ code: 'service_unavailable', message: /at once/ })
    await Promise.all([first, second])
    await reads.run((manager) => manager.query('SELECT 1'))
  })

  it('passes other failures on', async () => {
    const reads = new BoundedReads(dataSource)
    await expect(reads.run((manager) => manager.query('SELECT 1/0'))).rejects.toThrow('division by zero')
  })
})
