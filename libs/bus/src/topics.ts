import { eventTypes } from '@weir/contracts'

/** What is provisioned. */
export interface Topic {
  name: string
  partitions: number
  /** The last message of each key is kept for ever, and earlier ones may go. */
  compacted: boolean
  /** Nothing is removed by age. */
  permanent: boolean
}

/** How long a message that every group has consumed is kept; the same on both buses. */
export const retentionMs = 7 * 24 * 60 * 60 * 1000

/** Where messages go that a handler refused for good. Kept until someone removes them: they may be money. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dead-letter`
}

/** A topic and its dead-letter topic, which one partition is enough for. */
export function withDeadLetter(topic: Pick<Topic, 'name' | 'partitions' | 'compacted'>): Topic[] {
  return [
    {
      name: topic.name,
      partitions: topic.partitions,
      compacted: topic.compacted,
      permanent: topic.compacted,
    },
    { name: deadLetterTopic(topic.name), partitions: 1, compacted: false, permanent: true },
  ]
}

/** Every topic of the event table. */
export function topicsOfEvents(): Topic[] {
  return eventTypes.flatMap(({ topic, partitions, compacted }) =>
    withDeadLetter({ name: topic, partitions, compacted }),
  )
}
