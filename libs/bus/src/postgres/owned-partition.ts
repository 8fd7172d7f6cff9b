import type { Delivered } from '../bus.js'
import { backoffMs, deliver, type Sink } from '../delivery.js'
import { pause } from '../pause.js'
import type { Claim } from './membership.js'

/** Thrown by a commit when another member has the partition by now: its owner must not go on. */
export class PartitionLost extends Error {}

/**
 * A partition while this member works on it. It is `owned`; `revoked` once another member is to have it, when
 * the batch at hand is done; `lost` when another member may have it already.
 */
export class OwnedPartition {
  state: 'owned' | 'revoked' | 'lost' = 'owned'
  /** Offset of the next message to handle. */
  nextOffset: bigint
  /** Fetch round in which it was last looked at; there may be more when a later one has begun. */
  checkedRound = -1
  /** Resolves when the batch at hand is done; undefined when there is none. Never rejects. */
  work: Promise<void> | undefined
  readonly topicId: number
  readonly partition: number
  readonly epoch: bigint
  private readonly stopping = new AbortController()

  constructor(
    claim: Claim,
    readonly topic: string,
  ) {
    this.topicId = claim.topicId
    this.partition = claim.partition
    this.epoch = claim.epoch
    this.nextOffset = claim.nextOffset
  }

  /** Ends the work at the next point where a batch could be left: it is not tried again. */
  stop(state: 'revoked' | 'lost'): void {
    if (this.state !== 'lost') this.state = state
    this.stopping.abort()
  }

  /** Delivers until done, for ever, or until stopped. */
  async run(
    messages: Delivered[],
    sink: Sink,
    onFailure: (error: unknown, failures: number) => void,
  ): Promise<void> {
    let failures = 0
    do {
      try {
        const pending = messages.filter(({ offset }) => offset >= this.nextOffset)
        return await deliver(pending, {
          ...sink,
          commit: async (nextOffset) => {
            await sink.commit(nextOffset)
            this.nextOffset = nextOffset
          },
        })
      } catch (error) {
        if (error instanceof PartitionLost) return this.stop('lost')
        onFailure(error, ++failures)
        await pause(backoffMs(failures), this.stopping.signal)
      }
    } while (!this.stopping.signal.aborted)
  }
}
