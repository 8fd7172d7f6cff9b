/**
 * What is under way: each comes and goes once per request. Not a `Set`, because V8 leaves every table
 * that a set has outgrown pointing to its successor: once one is in the old generation, all requests
 * of the tables after it outlive the collections of young garbage, and 10 µs of each go to copying
 * dead requests.
 */
export class Underway<T> implements Iterable<T> {
  private readonly slots: (T | undefined)[] = []
  private readonly freeSlots: number[] = []

  get size(): number {
    return this.slots.length - this.freeSlots.length
  }

  /** Returns the slot that the item is removed by, once. */
  add(item: T): number {
    const slot = this.freeSlots.pop() ?? this.slots.length
    this.slots[slot] = item
    return slot
  }

  remove(slot: number): void {
    this.slots[slot] = undefined
    this.freeSlots.push(slot)
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const item of this.slots) if (item !== undefined) yield item
  }
}
