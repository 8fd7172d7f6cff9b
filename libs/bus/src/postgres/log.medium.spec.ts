import { createTestDatabase, type TestDatabase } from '@weir/testing'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Consumer, eventually, message, messages, range } from '../conformance/harness.js'
import { PostgresBus, type PostgresBusOptions } from './postgres-bus.js'
import { removeOldMessages } from './retention.js'

const log = { info: () => undefined, warn: () => undefined }
const topic = 'weir.test.v1'
const compactedTopic = 'weir.test-compacted.v1'
const permanentTopic = `${topic}.dead-letter`

/** What only the log in PostgreSQL promises. */
describe('the log in PostgreSQL', () => {
  let database: TestDatabase
  let client: Client
  let buses: PostgresBus[]
  let bus: PostgresBus

  const createBus = (options: Partial<PostgresBusOptions> = {}): PostgresBus => {
    const created = new PostgresBus({
      databaseUrl: database.url,
      clientId: 'test',
      log,
      topics: [
        { name: topic, partitions: 4, compacted: false, permanent: false },
        { name: compactedTopic, partitions: 2, compacted: true, permanent: true },
        { name: permanentTopic, partitions: 1, compacted: false, permanent: true },
      ],
      ...options,
    })
    buses.push(created)
    return created
  }
  const rows = async <T extends object>(sql: string): Promise<T[]> => (await client.query<T>(sql)).rows
  const count = async (name: string): Promise<number> =>
    Number(
      (
        await rows<{ n: string }>(
          `SELECT count(*) AS n FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id WHERE t.name = '${name}'`,
        )
      )[0]!.n,
    )
  const removeOld = (maxAgeMs?: number): Promise<number> =>
    removeOldMessages({ connectionString: database.url }, maxAgeMs)

  beforeEach(async () => {
    buses = []
    database = await createTestDatabase()
    client = new Client({ connectionString: database.url })
    await client.connect()
    bus = createBus()
    await bus.provision()
  })
  afterEach(async () => {
    await Promise.all(buses.map((one) => one.close()))
    await client.end()
    await database.drop()
  })

  it('has dense offsets, whoever publishes at the same time, and heads that agree', async () => {
    const publishers = range(6).map(async (publisher) => {
      const mine = createBus()
      for (const n of range(20)) {
        await mine.publish(
          topic,
          range(7).map((key) => message(`p${publisher}k${key}`, n)),
        )
      }
    })
    await Promise.all(publishers)
    const partitions = await rows<{ n: string; first: string; last: string; head: string }>(
      `SELECT count(*) AS n, min("offset") AS first, max("offset") AS last, max(p.next_offset) AS head
       FROM bus.message m JOIN bus.partition p USING (topic_id, partition) GROUP BY topic_id, partition`,
    )
    expect(partitions).toHaveLength(4)
    for (const { n, first, last, head } of partitions) {
      expect({ first, last, head }).toEqual({ first: '0', last: String(Number(n) - 1), head: n })
    }
    expect(await count(topic)).toBe(6 * 20 * 7)
  })

  it('keeps the number of partitions of a topic that is there, since keys are spread over it', async () => {
    const other = createBus({ topics: [{ name: topic, partitions: 9, compacted: false, permanent: false }] })
    await other.provision()
    await other.publish(topic, messages(50, 1))
    const [{ n }] = (await rows<{ n: string }>('SELECT count(DISTINCT partition) AS n FROM bus.message')) as [
      { n: string },
    ]
    expect(n).toBe('4')
  })

  it('publishes all of a call or nothing', async () => {
    await bus.publish(topic, messages(1, 1))
    await client.query('DELETE FROM bus.partition WHERE partition = 3')
    await expect(bus.publish(topic, messages(50, 1))).rejects.toThrow(/did not take 50 messages/)
    expect(await count(topic)).toBe(1)
  })

  it('gives up a member that holds its session but no longer answers', async () => {
    const frozen = createBus({ times: { heartbeatMs: 60_000, leaseMs: 60_000 } })
    const stuck = Promise.withResolvers<void>()
    const first = await Consumer.start(frozen, { group: 'g', topics: [topic], handle: () => stuck.promise })
    await bus.publish(topic, messages(20, 1))
    await eventually(
      async () => (await rows('SELECT FROM bus.position WHERE owner IS NOT NULL')).length === 4,
      'claimed',
    )

    const heir = await Consumer.start(createBus({ times: { heartbeatMs: 100, leaseMs: 800 } }), {
      group: 'g',
      topics: [topic],
    })
    await eventually(() => heir.distinctIds.size === 20, 'the heir has all', 10_000)
    await eventually(async () => (await heir.subscription.lag()) === 0, 'the heir has committed')
    const before = await rows('SELECT partition, next_offset FROM bus.position ORDER BY partition')
    stuck.resolve()
    await eventually(() => first.received.length > 0, 'the frozen one wakes')
    await first.subscription.close()
    expect(await rows('SELECT partition, next_offset FROM bus.position ORDER BY partition')).toEqual(before)
  })

  it('removes what is old and consumed by every group, and nothing else', async () => {
    await bus.publish(topic, messages(20, 1))
    await bus.publish(permanentTopic, messages(5, 1))
    await client.query(`UPDATE bus.message SET published_at = now() - interval '8 days'`)
    await bus.publish(topic, messages(20, 1, 1))

    const gate = Promise.withResolvers<void>()
    const slow = await Consumer.start(bus, { group: 'slow', topics: [topic], handle: () => gate.promise })
    const quick = await Consumer.start(bus, { group: 'quick', topics: [topic] })
    await eventually(() => quick.received.length === 40, 'the quick group has all')
    expect(await removeOld()).toBe(0)

    gate.resolve()
    await eventually(async () => (await slow.subscription.lag()) === 0, 'the slow group has all')
    expect(await removeOld()).toBe(20)
    expect(await count(topic)).toBe(20)
    expect(await count(permanentTopic)).toBe(5)
    expect(await removeOld()).toBe(0)

    const late = await Consumer.start(bus, { group: 'late', topics: [topic] })
    await eventually(() => late.received.length === 20, 'a new group begins at the oldest that is left')
    expect(await late.subscription.lag()).toBe(0)
  })

  it('keeps the last message of each key of a compacted topic', async () => {
    await bus.publish(compactedTopic, messages(10, 5))
    await client.query(`UPDATE bus.message SET published_at = now() - interval '8 days'`)
    const gate = Promise.withResolvers<void>()
    const consumer = await Consumer.start(bus, {
      group: 'g',
      topics: [compactedTopic],
      handle: () => gate.promise,
    })
    await eventually(async () => (await rows('SELECT FROM bus.position')).length === 2, 'it has begun')
    expect(await removeOld()).toBe(0)
    gate.resolve()
    await eventually(async () => (await consumer.subscription.lag()) === 0, 'all is consumed')
    expect(await removeOld()).toBe(40)
    const left = await rows<{ value: string }>('SELECT value FROM bus.message')
    expect(left.map(({ value }) => (JSON.parse(value) as { n: number }).n)).toEqual(Array(10).fill(4))
    await bus.publish(compactedTopic, messages(10, 1, 5))
    await eventually(() => consumer.received.length === 60, 'consuming goes on')
  })

  it('leaves no row of a member that closed', async () => {
    const consumer = await Consumer.start(bus, { group: 'g', topics: [topic] })
    await eventually(async () => (await rows('SELECT FROM bus.member')).length === 1, 'it is a member')
    await consumer.subscription.close()
    expect(await rows('SELECT FROM bus.member')).toEqual([])
    expect(await rows('SELECT FROM bus.position WHERE owner IS NOT NULL')).toEqual([])
  })
})
