import { type Bus, BusUnavailable } from '@weir/bus'
import type { Message } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Outbox } from './outbox.js'
import { openNotes } from './testing/note.js'

const message = (key: string): Message => ({ key, value: `{"n":"${key}"}`, headers: { ce_id: key } })

describe('the outbox', () => {
  let dataSource: DataSource
  let owner: Pool
  let close: () => Promise<void>
  let published: { topic: string; messages: Message[] }[]
  let publish: (topic: string, messages: Message[]) => Promise<void>
  let outboxes: Outbox[]
  const errors: unknown[] = []

  beforeAll(async () => void ({ dataSource, owner, close } = await openNotes()))
  afterAll(() => close())
  beforeEach(async () => {
    await owner.query('TRUNCATE outbox')
    published = []
    outboxes = []
    publish = (topic, messages) => Promise.resolve(void published.push({ topic, messages }))
  })
  afterEach(() => Promise.all(outboxes.map((outbox) => outbox.close())))

  const start = () => {
    const bus = { publish: (topic: string, messages: Message[]) => publish(topic, messages) } as Bus
    const outbox = new Outbox(dataSource, bus, (error) => errors.push(error))
    outboxes.push(outbox)
    outbox.start()
    return outbox
  }
  const add = (topic: string, ...keys: string[]) =>
    dataSource.transaction((manager) => Outbox.add(manager, topic, keys.map(message)))
  const left = async () =>
    (await dataSource.query<{ count: number }[]>('SELECT count(*)::int AS count FROM outbox'))[0]?.count
  const keys = (topic: string) =>
    published.filter((p) => p.topic === topic).flatMap(({ messages }) => messages.map(({ key }) => key))

  it('relays what is there, unchanged and in order, then keeps none of it', async () => {
    await add('one', 'a', 'b')
    await add('two', 'c')
    await add('one', 'd')
    start()
    await waitFor(async () => (await left()) === 0)
    expect(keys('one')).toEqual(['a', 'b', 'd'])
    expect(published.find(({ topic }) => topic === 'two')?.messages).toEqual([message('c')])
  })

  it('relays at once when it is told, without waiting for its poll', async () => {
    const outbox = start()
    await waitFor(() => outbox.depth().then((depth) => depth === 0))
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      await add('one', `n${i}`)
      const toldAt = performance.now()
      outbox.notify()
      await waitFor(() => keys('one').includes(`n${i}`), { intervalMs: 2 })
      times.push(performance.now() - toldAt)
    }
    times.sort((left, right) => left - right)
    expect(times[5]).toBeLessThan(250)
  })

  it('sends nothing of a transaction that was undone', async () => {
    start()
    await dataSource
      .transaction(async (manager) => {
        await Outbox.add(manager, 'one', [message('undone')])
        throw new Error('undone')
      })
      .catch(() => undefined)
    await add('one', 'done')
    await waitFor(() => keys('one').length > 0)
    expect(keys('one')).toEqual(['done'])
  })

  it('tries again while the bus is away, in order, and loses nothing', async () => {
    let refusals = 0
    publish = (topic, messages) => {
      if (refusals++ < 3) return Promise.reject(new BusUnavailable('down'))
      published.push({ topic, messages })
      return Promise.resolve()
    }
    await add('one', 'a', 'b')
    start()
    await add('one', 'c')
    await waitFor(async () => (await left()) === 0, { timeoutMs: 15_000 })
    expect(keys('one')).toEqual(['a', 'b', 'c'])
    expect(errors.length).toBeGreaterThanOrEqual(3)
  })

  it('sends again what the bus may have, when it cannot be sure', async () => {
    let isFirst = true
    publish = (topic, messages) => {
      published.push({ topic, messages })
      const wasFirst = isFirst
      isFirst = false
      return wasFirst ? Promise.reject(new BusUnavailable('no answer')) : Promise.resolve()
    }
    await add('one', 'a')
    start()
    await waitFor(async () => (await left()) === 0)
    expect(keys('one')).toEqual(['a', 'a'])
  })

  it('is relayed by one replica at a time, each message once', async () => {
    let running = 0
    publish = async (topic, messages) => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 20))
      published.push({ topic, messages })
      running--
    }
    const replicas = [start(), start(), start()]
    for (let i = 0; i < 20; i++) {
      await add('one', `n${i}`)
      for (const replica of replicas) replica.notify()
    }
    await waitFor(async () => (await left()) === 0)
    expect(keys('one')).toEqual(Array.from({ length: 20 }, (_, i) => `n${i}`))
  })

  it('relays more than one batch, and what is left when it is closed', async () => {
    const many = Array.from({ length: 2_500 }, (_, i) => `n${i}`)
    await add('one', ...many)
    await start().close()
    expect(await left()).toBe(0)
    expect(keys('one')).toEqual(many)
  })

  it('gives up at its end when the bus is away: the messages stay', async () => {
    publish = () => Promise.reject(new BusUnavailable('down'))
    await add('one', 'a')
    await start().close()
    expect(await left()).toBe(1)
  })
})
