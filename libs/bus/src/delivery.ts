import { PoisonedMessage, type Batch, type Delivered, type Message } from './bus.js'

/** What one partition's messages are delivered to. All may be called again for the same messages. */
export interface Sink {
  handle(batch: Batch): Promise<void>
  /** Records that all before `nextOffset` is done. */
  commit(nextOffset: bigint): Promise<void>
  deadLetter(poisoned: PoisonedMessage): Promise<void>
}

/**
 * Hands messages of one partition to the sink, once. A poisoned message is set aside: those before it are
 * handled again without it, since the handler may have done them in the transaction that it rolled back,
 * and the rest goes on. Any other error is thrown; what was committed until then is not to be repeated.
 */
export async function deliver(messages: Delivered[], sink: Sink): Promise<void> {
  let rest = messages
  while (rest.length > 0) {
    const poisoned = await attempt(rest, sink)
    if (!poisoned) return sink.commit(offsetAfter(rest))
    const at = rest.findIndex(({ offset }) => offset === poisoned.delivered.offset)
    await deliver(rest.slice(0, at), sink)
    await sink.deadLetter(poisoned)
    await sink.commit(poisoned.delivered.offset + 1n)
    rest = rest.slice(at + 1)
  }
}

/** The message as it goes to the dead-letter topic: untouched, with where it was and why it was refused. */
export function toDeadLetter({ delivered, reason }: PoisonedMessage, group: string): Message {
  const { key, value, headers, topic, partition, offset } = delivered
  return {
    key,
    value,
    headers: {
      ...headers,
      dead_letter_reason: reason,
      dead_letter_group: group,
      dead_letter_topic: topic,
      dead_letter_partition: String(partition),
      dead_letter_offset: String(offset),
    },
  }
}

/** Delay before the given attempt to do again what failed, 1 for the first: 0.1 s, doubling to 5 s. */
export function backoffMs(failures: number): number {
  return Math.min(100 * 2 ** (failures - 1), 5_000)
}

async function attempt(messages: Delivered[], sink: Sink): Promise<PoisonedMessage | undefined> {
  const { topic, partition } = messages[0]!
  try {
    await sink.handle({ topic, partition, messages })
    return undefined
  } catch (error) {
    if (error instanceof PoisonedMessage && messages.some((message) => isSame(message, error.delivered)))
      return error
    throw error
  }
}

function isSame(a: Delivered, b: Delivered): boolean {
  return a.offset === b.offset && a.partition === b.partition && a.topic === b.topic
}

function offsetAfter(messages: Delivered[]): bigint {
  return messages.at(-1)!.offset + 1n
}
