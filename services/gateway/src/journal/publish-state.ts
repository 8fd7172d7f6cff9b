/** What the journal's two threads tell each other: how far the log goes, and how far it has been published. */
export class PublishState {
  private readonly cells: BigInt64Array<SharedArrayBuffer>

  /** @param buffer another thread's state, to share it */
  constructor(readonly buffer = new SharedArrayBuffer(4 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.cells = new BigInt64Array(buffer)
  }

  /** The log's end: everything before it is written. */
  get end(): number {
    return this.read(0)
  }

  set end(position: number) {
    this.write(0, position)
  }

  /** Everything before it is published. */
  get acknowledged(): number {
    return this.read(1)
  }

  set acknowledged(position: number) {
    this.write(1, position)
  }

  /** Events that were published. */
  get published(): number {
    return this.read(2)
  }

  set published(count: number) {
    this.write(2, count)
  }

  /** Events in the log since it was opened, those that were waiting then among them. */
  get settled(): number {
    return this.read(3)
  }

  /** Set last: it wakes up the publisher. */
  set settled(count: number) {
    this.write(3, count)
    Atomics.notify(this.cells, 3)
  }

  /** Resolves when there are other events than `known`. */
  async moreThan(known: number): Promise<void> {
    await Atomics.waitAsync(this.cells, 3, BigInt(known)).value
  }

  private read(cell: number): number {
    return Number(Atomics.load(this.cells, cell))
  }

  private write(cell: number, value: number): void {
    Atomics.store(this.cells, cell, BigInt(value))
  }
}
