import { createBus } from '@weir/bus'
import { unique } from './factory.js'

/** An event type of the table, as far as reading needs it. */
interface Readable<T> {
  topic: string
  decode(value: string): T
}

/** What is read from a topic so far; grows until it is closed. */
export interface TopicReader<T> {
  events: T[]
  close(): Promise<void>
}

/** Reads a topic from its start, as an analyst's consumer with a group of its own. */
export async function readTopic<T>(databaseUrl: string, type: Readable<T>): Promise<TopicReader<T>> {
  const bus = createBus({ databaseUrl, clientId: 'weir-e2e' })
  const events: T[] = []
  await bus.subscribe({
    group: unique('e2e'),
    topics: [type.topic],
    handle: async ({ messages }) => void events.push(...messages.map(({ value }) => type.decode(value))),
  })
  return { events, close: () => bus.close() }
}
