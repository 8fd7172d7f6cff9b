import { registry } from '@weir/observability'
import { describe, expect, it } from 'vitest'
import { PoisonedMessage, type Batch, type Delivered } from './bus.js'
import { withCounts, withLag } from './consumer-metrics.js'

const message: Delivered = { topic: 't', partition: 0, offset: 1n, key: '', value: '', headers: {} }
const batch: Batch = { topic: 't', partition: 0, messages: [message, message, message] }

describe('metrics of a consumer', () => {
  it('count what was handled, failed and poisoned, and leave the errors as they are', async () => {
    const outcomes: (Error | undefined)[] = [
      undefined,
      new Error('away'),
      new PoisonedMessage(message, 'bad'),
    ]
    const counted = withCounts({
      group: 'counted',
      topics: ['t'],
      async handle() {
        const error = outcomes.shift()
        if (error) throw error
      },
    })
    await counted.handle(batch)
    await expect(counted.handle(batch)).rejects.toThrow('away')
    await expect(counted.handle(batch)).rejects.toBeInstanceOf(PoisonedMessage)
    const metrics = await registry.metrics()
    expect(metrics).toContain('weir_bus_messages_handled_total{group="counted",topic="t"} 3')
    expect(metrics).toContain('weir_bus_batches_failed_total{group="counted",topic="t"} 1')
    expect(metrics).toContain('weir_bus_messages_poisoned_total{group="counted",topic="t"} 1')
  })

  it('show the lag until the subscription is closed, and can be read when the bus is away', async () => {
    let isAway = false
    const subscription = withLag('lagging', {
      lag: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(42)),
      close: () => Promise.resolve(),
    })
    expect(await registry.metrics()).toContain('weir_bus_lag_messages{group="lagging"} 42')
    isAway = true
    expect(await registry.metrics()).not.toContain('group="lagging"')
    isAway = false
    expect(await registry.metrics()).toContain('weir_bus_lag_messages{group="lagging"} 42')
    await subscription.close()
    expect(await registry.metrics()).not.toContain('group="lagging"')
  })
})
