/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  constructor(private state: number) {}

  /** 0 ≤ n < 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both bounds included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.int(0, items.length - 1)]
    if (item === undefined) throw new RangeError('There is nothing to pick from.')
    return item
  }

  digits(count: number): string {
    return this.string(count, '0123456789')
  }

  string(count: number, characters: string): string {
    return Array.from({ length: count }, () => characters.charAt(this.int(0, characters.length - 1))).join('')
  }
}

export const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
export const lower = upper.toLowerCase()
export const alphanumeric = `${upper}${lower}0123456789`
