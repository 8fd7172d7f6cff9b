import { counter, gauge } from '@weir/observability'
import { PoisonedMessage, type SubscribeOptions, type Subscription } from './bus.js'
import { atMost } from './pause.js'

const labels: ('group' | 'topic')[] = ['group', 'topic']
const handled = counter('weir_bus_messages_handled_total', 'Messages that a handler was done with.', labels)
const failed = counter('weir_bus_batches_failed_total', 'Batches that a handler refused for now.', labels)
const poisoned = counter(
  'weir_bus_messages_poisoned_total',
  'Messages that a handler refused for good.',
  labels,
)

/** By group. */
const lags = new Map<string, () => Promise<number>>()

const lagMessages = gauge(
  'weir_bus_lag_messages',
  'Messages that the group has not committed yet.',
  ['group'],
  async (lagGauge) => {
    for (const [group, lag] of lags) {
      // A bus that is away must not keep the other metrics from being read.
      const messages = await atMost(2_000, lag()).catch(() => undefined)
      if (messages === undefined) lagGauge.remove({ group })
      else lagGauge.set({ group }, messages)
    }
  },
)

/** The same subscription, with what its handler does counted. */
export function withCounts(options: SubscribeOptions): SubscribeOptions {
  const { group } = options
  return {
    ...options,
    async handle(batch) {
      const { topic, messages } = batch
      try {
        await options.handle(batch)
        handled.inc({ group, topic }, messages.length)
      } catch (error) {
        if (error instanceof PoisonedMessage) poisoned.inc({ group, topic })
        else failed.inc({ group, topic })
        throw error
      }
    },
  }
}

/** The same subscription, with its group's lag among the metrics until it is closed. */
export function withLag(group: string, subscription: Subscription): Subscription {
  const lag = (): Promise<number> => subscription.lag()
  lags.set(group, lag)
  return {
    lag,
    async close() {
      if (lags.get(group) === lag) {
        lags.delete(group)
        lagMessages.remove({ group })
      }
      await subscription.close()
    },
  }
}
