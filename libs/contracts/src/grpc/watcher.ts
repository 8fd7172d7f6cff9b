import type { Logger } from '@weir/observability'

/** What every watch stream of Weir sends. */
export interface WatchBatch<Resource> {
  epoch: string
  version: string
  reset: boolean
  synced: boolean
  upserts: Resource[]
  removals: { kind: string; id: string }[]
}

interface WatchStream<Batch> {
  on(event: 'data', listener: (batch: Batch) => void): this
  on(event: 'error' | 'end', listener: (error?: Error) => void): this
  cancel(): void
}

/** A state that a watcher fills. */
export interface WatchedState<Resource> {
  upsert(resource: Resource, version: bigint): void
  remove(kind: string, id: string, version: bigint): void
  all(): Resource[]
}

const minPauseMs = 100
const maxPauseMs = 2_000

/**
 * Keeps a state equal to its owner's, over a watch stream that is opened again whenever it breaks,
 * from the version that was reached. A whole state is filled aside and swapped in when complete, so
 * that requests never see half of one.
 */
export class Watcher<Resource, State extends WatchedState<Resource>> {
  /** What requests read. */
  state: State
  epoch = ''
  version = 0n
  /** When the owner last said that this is its current state; 0: never. */
  currentAtMs = 0
  private filling: State | undefined
  private stream: WatchStream<WatchBatch<Resource>> | undefined
  private timer: NodeJS.Timeout | undefined
  private pauseMs = minPauseMs
  private closed = false

  constructor(
    private readonly options: {
      name: string
      createState(): State
      open(from: { epoch: string; sinceVersion: string }): WatchStream<WatchBatch<Resource>>
      onApplied(batch: WatchBatch<Resource>): void
      logger: Logger
    },
  ) {
    this.state = options.createState()
  }

  /** Whether there is a state to serve from, from the stream or from disk. */
  get loaded(): boolean {
    return this.epoch !== ''
  }

  start(): void {
    if (this.closed) return
    const stream = this.options.open({ epoch: this.epoch, sinceVersion: String(this.version) })
    this.stream = stream
    let ended = false
    const again = (error?: Error) => {
      if (ended || this.closed) return
      ended = true
      this.filling = undefined
      if (this.pauseMs === minPauseMs) {
        this.options.logger.warn(
          { reason: error?.message },
          `Lost ${this.options.name}; serving from the last snapshot.`,
        )
      }
      this.timer = setTimeout(() => this.start(), this.pauseMs)
      this.pauseMs = Math.min(this.pauseMs * 2, maxPauseMs)
    }
    stream.on('data', (batch) => {
      this.pauseMs = minPauseMs
      this.apply(batch)
    })
    stream.on('error', again).on('end', again)
  }

  /** Puts in a state that was kept on disk. */
  load(batch: WatchBatch<Resource>): void {
    this.apply(batch)
    this.currentAtMs = 0
  }

  /** The whole state as one batch, to be kept on disk. */
  save(): WatchBatch<Resource> {
    const { epoch, version } = this
    return {
      epoch,
      version: String(version),
      reset: true,
      synced: true,
      upserts: this.state.all(),
      removals: [],
    }
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.stream?.cancel()
  }

  private apply(batch: WatchBatch<Resource>): void {
    const version = BigInt(batch.version)
    if (batch.reset) this.filling = this.options.createState()
    const target = this.filling ?? this.state
    for (const resource of batch.upserts) target.upsert(resource, version)
    for (const { kind, id } of batch.removals) target.remove(kind, id, version)
    if (!batch.synced) return
    if (this.filling) {
      this.state = this.filling
      this.filling = undefined
    }
    this.epoch = batch.epoch
    this.version = version
    this.currentAtMs = Date.now()
    this.options.onApplied(batch)
  }
}
