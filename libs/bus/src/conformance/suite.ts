import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '@weir/observability'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BusUnavailable, PoisonedMessage, type Batch, type Bus, type Message } from '../bus.js'
import { deadLetterTopic } from '../topics.js'
import {
  BusTest,
  Consumer,
  eventually,
  idsOf,
  message,
  messages,
  placesByKey,
  range,
  type BusHarness,
} from './harness.js'

/** What every bus guarantees. */
export function describeBus(name: string, harness: () => BusHarness): void {
  describe(name, () => {
    let test: BusTest
    let topics: string[]
    let group: string
    let bus: Bus

    beforeEach(async () => {
      test = new BusTest(harness())
      topics = [test.topic]
      group = `group of ${test.topic}`
      bus = await test.provisioned()
    })
    afterEach(() => test.close())

    it('delivers each message as it was published', async () => {
      const odd: Message[] = [
        { key: '', value: '', headers: {} },
        {
          key: 'ключ/"\\\n',
          value: '{"text":"\\u0000 \\"quoted\\" 🌊 \u2028"}',
          headers: { ce_id: '1', note: 'ünïcode "q" \\' },
        },
      ]
      await bus.publish(test.topic, odd)
      const consumer = await Consumer.start(bus, { group, topics })
      await eventually(() => consumer.received.length >= 2, 'both messages')
      const byKey = consumer.received.toSorted((a, b) => a.key.length - b.key.length)
      expect(byKey.map(({ key, value, headers }) => ({ key, value, headers }))).toEqual(odd)
      expect(byKey.every(({ topic }) => topic === test.topic)).toBe(true)
    })

    it('keeps the order of each key, in batches of one partition, ascending and not too large', async () => {
      for (const step of range(10)) await bus.publish(test.topic, messages(30, 5, step * 5))
      const consumer = await Consumer.start(bus, { group, topics, maxBatchSize: 40 })
      await eventually(() => consumer.distinctIds.size === 1500, 'all messages')
      const places = placesByKey(consumer.received)
      expect(places.size).toBe(30)
      for (const of of places.values()) expect(of).toEqual(range(50))
      for (const { partition, messages: list } of consumer.batches) {
        expect(list.length).toBeLessThanOrEqual(40)
        expect(list.every((one) => one.partition === partition)).toBe(true)
        expect(list.map(({ offset }) => offset)).toEqual(list.map((_, at) => list[0]!.offset + BigInt(at)))
      }
      expect(new Set(consumer.batches.map(({ partition }) => partition)).size).toBe(4)
      expect(consumer.batches.some(({ messages: list }) => list.length === 40)).toBe(true)
    })

    it('takes many large messages of one key in one call', async () => {
      const large = range(2000).map((n) => ({
        ...message('k', n),
        value: JSON.stringify({ n, text: 'x'.repeat(1500) }),
      }))
      await bus.publish(test.topic, large)
      await bus.publish(test.topic, [])
      const consumer = await Consumer.start(bus, { group, topics })
      await eventually(() => consumer.distinctIds.size === 2000, 'all messages')
      expect(placesByKey(consumer.received).get('k')).toEqual(range(2000))
    })

    it('misses nothing and keeps the order while several publish at once', async () => {
      const consumer = await Consumer.start(bus, { group, topics })
      const publishers = range(4).map(async (publisher) => {
        for (const n of range(25)) {
          await bus.publish(
            test.topic,
            range(20).map((key) => message(`p${publisher}k${key}`, n)),
          )
        }
      })
      await Promise.all(publishers)
      await eventually(() => consumer.distinctIds.size === 2000, 'all messages')
      for (const of of placesByKey(consumer.received).values()) expect(of).toEqual(range(25))
    })

    it('gives every group every message, and a new group all from the oldest on', async () => {
      const first = await Consumer.start(bus, { group: 'first', topics })
      await bus.publish(test.topic, messages(10, 2))
      await eventually(() => first.distinctIds.size === 20, 'all at the first group')
      const second = await Consumer.start(test.process().bus, { group: 'second', topics })
      await eventually(() => second.distinctIds.size === 20, 'all at the second group')
      expect(first.distinctIds).toEqual(second.distinctIds)
    })

    it('goes on after a restart where it was', async () => {
      await bus.publish(test.topic, messages(10, 2))
      const before = await Consumer.start(bus, { group, topics })
      await eventually(() => before.distinctIds.size === 20, 'the first part')
      await before.subscription.close()
      await bus.publish(test.topic, messages(10, 1, 2))
      const after = await Consumer.start(test.process().bus, { group, topics })
      await eventually(() => after.distinctIds.size === 10, 'the second part')
      expect(after.ids.toSorted()).toEqual(idsOf(messages(10, 1, 2)).toSorted())
    })

    it('shares the partitions with a member that joins, and takes them back when it leaves', async () => {
      const atWork = new Map<number, string>()
      const clashes: string[] = []
      const handleAs = (member: string) => async (batch: Batch) => {
        if (atWork.has(batch.partition))
          clashes.push(`${batch.partition}: ${atWork.get(batch.partition)} and ${member}`)
        atWork.set(batch.partition, member)
        await sleep(5)
        atWork.delete(batch.partition)
      }
      let published = 0
      const publishOn = async () => bus.publish(test.topic, messages(40, 1, published++))
      const partitionsSince = (consumer: Consumer, from: number) =>
        new Set(consumer.batches.slice(from).map(({ partition }) => partition))

      const first = await Consumer.start(bus, { group, topics, handle: handleAs('first') })
      await publishOn()
      await eventually(() => partitionsSince(first, 0).size === 4, 'the first has all partitions')

      const second = await Consumer.start(test.process().bus, {
        group,
        topics,
        handle: handleAs('second'),
      })
      let from = 0
      await eventually(async () => {
        from = first.batches.length
        const fromSecond = second.batches.length
        await publishOn()
        await sleep(200)
        return partitionsSince(first, from).size === 2 && partitionsSince(second, fromSecond).size === 2
      }, 'both have two partitions')

      await second.subscription.close()
      const atSecond = second.received.length
      await eventually(async () => {
        from = first.batches.length
        await publishOn()
        await sleep(200)
        return partitionsSince(first, from).size === 4
      }, 'the first has all partitions again')

      const all = [...first.received, ...second.received]
      await eventually(
        () => first.distinctIds.size + second.distinctIds.size >= published * 40,
        'all messages',
      )
      expect(clashes).toEqual([])
      expect(second.received).toHaveLength(atSecond)
      expect(all.length).toBeGreaterThan(0)
      expect(new Set([...first.ids, ...second.ids]).size).toBe(published * 40)
    })

    it('delivers a batch again until it is handled, in order, without holding up other partitions', async () => {
      let failures = 0
      let failing: number | undefined
      let isMended = false
      const consumer = await Consumer.start(bus, {
        group,
        topics,
        handle: async ({ partition }) => {
          failing ??= partition
          if (partition !== failing || isMended) return
          failures++
          throw new Error('the database is away')
        },
      })
      await bus.publish(test.topic, messages(40, 3))
      // It fails until the others have gone on: were they held up by it, they never would.
      await eventually(
        () => failures >= 2 && new Set(consumer.batches.map(({ partition }) => partition)).size === 3,
        'the others go on',
      )
      isMended = true
      await eventually(() => consumer.distinctIds.size === 120, 'all messages')
      for (const of of placesByKey(consumer.received).values()) expect(of).toEqual(range(3))
    })

    it('gives what a vanished member had to another, with what that member had not committed', async () => {
      const vanishing = test.process()
      const stuck: string[] = []
      const release = Promise.withResolvers<void>()
      const gone = await Consumer.start(vanishing.bus, {
        group,
        topics,
        handle: async (batch) => {
          stuck.push(...idsOf(batch.messages))
          await release.promise
        },
      })
      await bus.publish(test.topic, messages(20, 2))
      await eventually(() => stuck.length > 0, 'the first has begun')
      vanishing.isolate()
      const heir = await Consumer.start(bus, { group, topics })
      await eventually(
        () => heir.distinctIds.size === 40,
        'the heir has all',
        harness().vanishedAfterMs + 20_000,
      )
      expect([...heir.distinctIds]).toEqual(expect.arrayContaining(stuck))

      // Back from the dead, it must not move the position of its heir.
      release.resolve()
      await bus.publish(test.topic, messages(20, 1, 2))
      await eventually(() => heir.distinctIds.size === 60, 'the heir goes on')
      await eventually(
        async () => (await heir.subscription.lag()) === 0,
        'the position is where the heir left it',
      )
      expect(gone.distinctIds.size).toBeLessThan(60)
    })

    it('sends a poisoned message to the dead-letter topic, and the rest goes on', async () => {
      await bus.publish(test.topic, messages(8, 5))
      const dead = await Consumer.start(bus, { group: 'undertaker', topics: [deadLetterTopic(test.topic)] })
      const consumer = await Consumer.start(test.process().bus, {
        group,
        topics,
        handle: async (batch) => {
          const bad = batch.messages.find(({ headers }) => headers['ce_id'] === 'key3-2')
          if (bad) throw new PoisonedMessage(bad, 'is not readable')
        },
      })
      await eventually(
        () => consumer.distinctIds.size === 39 && dead.received.length > 0,
        'all but one, and that one dead',
      )
      expect(consumer.distinctIds.has('key3-2')).toBe(false)
      expect(placesByKey(consumer.received).get('key3')).toEqual([0, 1, 3, 4])
      expect(dead.distinctIds).toEqual(new Set(['key3-2']))
      const [letter] = dead.received
      expect(letter).toMatchObject({ key: 'key3', value: message('key3', 2).value })
      expect(letter!.headers).toMatchObject({
        ...message('key3', 2).headers,
        dead_letter_reason: 'is not readable',
        dead_letter_group: group,
        dead_letter_topic: test.topic,
      })
      expect(letter!.headers['dead_letter_partition']).toMatch(/^[0-3]$/)
      expect(letter!.headers['dead_letter_offset']).toMatch(/^\d+$/)
      await eventually(
        async () => (await consumer.subscription.lag()) === 0,
        'the poisoned one is not waited for',
      )
    })

    it('says how far a group lags', async () => {
      await bus.publish(test.topic, messages(10, 3))
      const gate = Promise.withResolvers<void>()
      const consumer = await Consumer.start(bus, { group, topics, handle: () => gate.promise })
      expect(await consumer.subscription.lag()).toBe(30)
      expect(await registry.metrics()).toContain(`weir_bus_lag_messages{group="${group}"} 30`)
      gate.resolve()
      await eventually(async () => (await consumer.subscription.lag()) === 0, 'no lag')
      await bus.publish(test.topic, messages(10, 1, 3))
      await eventually(() => consumer.distinctIds.size === 40, 'the rest')
    })

    it('finishes the batch at hand when it is closed, and begins no other', async () => {
      let begun = 0
      let done = 0
      const consumer = await Consumer.start(bus, {
        group,
        topics,
        maxBatchSize: 1,
        handle: async () => {
          begun++
          await sleep(300)
          done++
        },
      })
      await bus.publish(test.topic, messages(20, 2))
      await eventually(() => begun > 0, 'work has begun')
      await consumer.subscription.close()
      expect(done).toBe(begun)
      expect(begun).toBeLessThan(40)
      await sleep(500)
      expect(done).toBe(begun)
      const next = await Consumer.start(test.process().bus, { group, topics })
      await eventually(() => next.distinctIds.size === 40 - done, 'the rest')
      expect(next.received).toHaveLength(40 - done)
    })

    it('closes in bounded time while the handler keeps failing', async () => {
      let failures = 0
      const consumer = await Consumer.start(bus, {
        group,
        topics,
        handle: async () => {
          failures++
          throw new Error('never')
        },
      })
      await bus.publish(test.topic, messages(5, 1))
      await eventually(() => failures >= 3, 'some failures')
      const startedAt = Date.now()
      await consumer.subscription.close()
      expect(Date.now() - startedAt).toBeLessThan(8_000)
    })

    it('begins to deliver when a topic that was subscribed to is provisioned', async () => {
      const later = new BusTest(harness())
      const { bus: laterBus } = later.process()
      try {
        const consumer = await Consumer.start(laterBus, { group, topics: [later.topic] })
        await expect(laterBus.publish(later.topic, messages(1, 1))).rejects.toThrow(BusUnavailable)
        await laterBus.provision()
        await laterBus.publish(later.topic, messages(3, 1))
        await eventually(() => consumer.distinctIds.size === 3, 'the messages')
      } finally {
        await later.close()
      }
    })

    it('provisions the same topics at the same time, and again', async () => {
      const other = new BusTest(harness())
      const buses = range(3).map(() => other.process().bus)
      try {
        await Promise.all(buses.map((one) => one.provision()))
        await buses[0]!.publish(other.topic, messages(3, 1))
        await buses[1]!.provision()
        const consumer = await Consumer.start(buses[2]!, { group, topics: [other.topic] })
        await eventually(() => consumer.distinctIds.size === 3, 'the messages')
      } finally {
        await other.close()
      }
    })

    it('loses nothing and mixes up nothing for a caller that tries again, while the broker is killed and started', async () => {
      const consumer = await Consumer.start(test.process().bus, { group, topics })
      let refused = 0
      let isDone = false
      let published = 0
      const publishing = (async () => {
        for (; !isDone; published++) {
          for (;;) {
            try {
              await bus.publish(test.topic, messages(10, 1, published))
              break
            } catch (error) {
              expect(error).toBeInstanceOf(BusUnavailable)
              refused++
              await sleep(100)
            }
          }
          await sleep(10)
        }
      })()
      await eventually(() => consumer.received.length > 100, 'the first messages')
      expect(await bus.ready()).toBe(true)

      await harness().killBroker()
      await eventually(() => refused > 0, 'a refusal')
      expect(await bus.ready()).toBe(false)
      const whileDown = await Consumer.start(test.process().bus, { group: 'born while it is down', topics })
      await sleep(1_000)
      await harness().startBroker()

      const atReturn = published
      await eventually(() => published > atReturn + 20, 'publishing goes on', 60_000)
      isDone = true
      await publishing
      expect(await bus.ready()).toBe(true)
      await eventually(() => consumer.distinctIds.size === published * 10, 'all messages', 60_000)
      for (const of of placesByKey(consumer.received).values()) expect(of).toEqual(range(published))
      await eventually(
        () => whileDown.distinctIds.size === published * 10,
        'all at the one born meanwhile',
        60_000,
      )
    }, 150_000)
  })
}
