/** A member of a consumer group, and the topics that it takes. */
export interface Member {
  id: string
  topics: string[]
}

/** A topic as the log has it. */
export interface AssignableTopic {
  topicId: number
  name: string
  partitions: number
}

/** A partition by the numbers that the tables use. */
export interface PartitionId {
  topicId: number
  partition: number
}

/**
 * The partitions that a member is to have. Every member computes the same from the same list of members, so
 * no leader is needed; what a member holds differs by at most one from what any other with its topics does.
 */
export function partitionsFor(memberId: string, members: Member[], topics: AssignableTopic[]): PartitionId[] {
  const ordered = members.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const mine: PartitionId[] = []
  let turn = 0
  for (const { topicId, name, partitions } of topics.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const takers = ordered.filter((member) => member.topics.includes(name))
    if (takers.length === 0) continue
    for (let partition = 0; partition < partitions; partition++) {
      if (takers[turn++ % takers.length]!.id === memberId) mine.push({ topicId, partition })
    }
  }
  return mine
}
