import { isUnavailable } from './data-source.js'

interface Waiting<Item> {
  item: Item
  resolve(): void
  reject(error: unknown): void
}

/**
 * One transaction at a time for items that come concurrently: what comes while it runs shares the
 * next one. So under load a commit, and a row that every item touches, is paid for once for many
 * items, and an item that comes alone waits for nothing.
 */
export class GroupCommit<Item> {
  private waiting: Waiting<Item>[] = []
  private running = false

  /**
   * @param options.commit applies all items or none
   * @param options.sizeOf what an item counts against `maxSize`, which bounds a transaction
   */
  constructor(
    private readonly options: {
      commit(items: Item[]): Promise<void>
      sizeOf(item: Item): number
      maxSize: number
    },
  ) {}

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
    while (this.waiting.length > 0) await this.commit(this.take())
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
