import { Controller, Module, type INestMicroservice } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { MicroserviceOptions } from '@nestjs/microservices'
import { identityChanged, type IdentityChanged } from '@weir/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PoisonedMessage, type Bus, type Delivered, type SubscribeOptions } from '../bus.js'
import { BusServer } from './bus-server.js'
import { OnEvent, type EventBatch } from './on-event.js'

const handle = vi.fn<(batch: EventBatch<IdentityChanged>) => Promise<void>>()

@Controller()
class IdentityConsumer {
  @OnEvent(identityChanged)
  onIdentityChanged(batch: EventBatch<IdentityChanged>): Promise<void> {
    return handle(batch)
  }
}

@Module({ controllers: [IdentityConsumer] })
class ConsumerModule {}

const event: IdentityChanged = {
  eventId: 'e1',
  occurredAt: '2026-01-01T00:00:00Z',
  organization: 'org',
  kind: 'team',
  id: 'alpha',
  action: 'created',
  version: '7',
}

function delivered(offset: number, value: string): Delivered {
  return {
    topic: identityChanged.topic,
    partition: 2,
    offset: BigInt(offset),
    key: 'team/alpha',
    value,
    headers: {},
  }
}

describe('BusServer', () => {
  let app: INestMicroservice
  let subscribed: SubscribeOptions
  const closeSubscription = vi.fn(() => Promise.resolve())

  const deliver = (...values: string[]): Promise<void> =>
    subscribed.handle({
      topic: identityChanged.topic,
      partition: 2,
      messages: values.map((value, n) => delivered(n, value)),
    })

  beforeEach(async () => {
    handle.mockReset().mockResolvedValue(undefined)
    closeSubscription.mockClear()
    const bus = {
      subscribe: (options: SubscribeOptions) => {
        subscribed = options
        return Promise.resolve({ close: closeSubscription, lag: () => Promise.resolve(42) })
      },
    } as Partial<Bus> as Bus
    app = await NestFactory.createMicroservice<MicroserviceOptions>(ConsumerModule, {
      strategy: new BusServer(bus, 'metering'),
      logger: false,
    })
    await app.listen()
  })
  afterEach(() => app.close())

  it('subscribes the group to the topics of the handlers', () => {
    expect(subscribed).toMatchObject({ group: 'metering', topics: [identityChanged.topic] })
  })

  it('gives a handler the decoded batch with the messages as they came', async () => {
    const { value } = identityChanged.encode(event, 'test')
    await deliver(value, value)
    expect(handle).toHaveBeenCalledExactlyOnceWith({
      topic: identityChanged.topic,
      partition: 2,
      events: [
        { event, message: delivered(0, value) },
        { event, message: delivered(1, value) },
      ],
    })
  })

  it('resolves only when the handler is done', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    handle.mockReturnValue(promise)
    const settled = vi.fn()
    const delivery = deliver(identityChanged.encode(event, 'test').value).then(settled)
    await new Promise((done) => setTimeout(done, 20))
    expect(settled).not.toHaveBeenCalled()
    resolve()
    await delivery
    expect(settled).toHaveBeenCalled()
  })

  it('takes what it cannot decode for poisoned, without calling the handler', async () => {
    const { value } = identityChanged.encode(event, 'test')
    const failure = await deliver(value, '{"event_id":7}').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PoisonedMessage)
    expect(failure).toMatchObject({
      delivered: { offset: 1n },
      reason: expect.stringContaining('event_id') as string,
    })
    expect(handle).not.toHaveBeenCalled()
  })

  it('passes a failure of the handler on as it is', async () => {
    const { value } = identityChanged.encode(event, 'test')
    const away = new Error('the database is away')
    handle.mockRejectedValueOnce(away)
    await expect(deliver(value)).rejects.toBe(away)
    const poisoned = new PoisonedMessage(delivered(0, value), 'refused')
    handle.mockRejectedValueOnce(poisoned)
    await expect(deliver(value)).rejects.toBe(poisoned)
  })

  it('closes its subscription with the application', async () => {
    await app.close()
    expect(closeSubscription).toHaveBeenCalled()
  })
})
