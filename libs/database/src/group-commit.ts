import { isUnavailable } from './data-source.js'

interface Waiting<Item> {
  item: Item
  resolve: () => void
  reject: (error: unknown) => void
}

interface GroupCommitOptions<Item> {
  /** Applies all items or none. */
  commit: (items: Item[]) => Promise<void>
  /** What an item counts against `maxSize`. */
  sizeOf: (item: Item) => number
  /** Bounds a transaction; an item that is larger gets one of its own. */
  maxSize: number
  /** Time from the start of a transaction to that of the next: a bound on what a stream of single items costs. */
  spacingMs: number
}

/**
 * One transaction at a time for items that come concurrently: what comes while it runs, or within
 * `spacingMs` of its start, shares the next one. So a commit, and a row that every item touches, is
 * paid for once for many items, and an item that comes alone waits for nothing.
 */
export class GroupCommit<Item> {
  private waiting: Waiting<Item>[] = []
  private running = false
  private startedAtMs = -Infinity

  constructor(private readonly options: GroupCommitOptions<Item>) {}

  /** Resolves when the item is committed; rejects when it is not. */
  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject })
      if (!this.running) void this.run()
    })
  }

  private async run(): Promise<void> {
    this.running = true
    // Lets all that comes in the same turn of the event loop in.
    await new Promise(setImmediate)
    while (this.waiting.length > 0) {
      const waitMs = this.startedAtMs + this.options.spacingMs - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      this.startedAtMs = performance.now()
      await this.commit(this.take())
    }
    this.running = false
  }

  private take(): Waiting<Item>[] {
    const { sizeOf, maxSize } = this.options
    let size = 0
    const end = this.waiting.findIndex(({ item }) => (size += sizeOf(item)) > maxSize)
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1))
  }

  private async commit(group: Waiting<Item>[]): Promise<void> {
    try {
      await this.options.commit(group.map(({ item }) => item))
      for (const { resolve } of group) resolve()
    } catch (error) {
      // An item that the database refuses must not hold up those that it was grouped with.
      if (group.length > 1 && !isUnavailable(error)) for (const one of group) await this.commit([one])
      else for (const { reject } of group) reject(error)
    }
  }
}
