import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch, Bus, Delivered, Message, SubscribeOptions, Subscription } from '../bus.js'
import { withDeadLetter, type Topic } from '../topics.js'

/** A bus as one process has it. */
export interface BusProcess {
  bus: Bus
  /** Cuts it off from the broker, for good and without a farewell, as a dead machine would be. */
  isolate(): void
}

/** What a suite run needs of a kind of bus. */
export interface BusHarness {
  createProcess(topics: Topic[]): BusProcess
  /** As `kill -9` of the broker. */
  killBroker(): Promise<void>
  startBroker(): Promise<void>
  /** How long it may take until a member that vanished is given up. */
  vanishedAfterMs: number
}

/** Topics, processes and subscriptions of one test, which are closed after it. */
export class BusTest {
  readonly topic = `weir.test.${randomUUID().slice(0, 8)}.v1`
  readonly topics: Topic[]
  private readonly processes: BusProcess[] = []

  constructor(
    private readonly harness: BusHarness,
    partitions = 4,
  ) {
    this.topics = withDeadLetter({ name: this.topic, partitions, compacted: false })
  }

  process(): BusProcess {
    const process = this.harness.createProcess(this.topics)
    this.processes.push(process)
    return process
  }

  async provisioned(): Promise<Bus> {
    const { bus } = this.process()
    await bus.provision()
    return bus
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map(({ bus }) => bus.close()))
  }
}

/** A message of a key, with its place among those of the key. */
export function message(key: string, n: number): Message {
  const id = `${key}-${n}`
  return {
    key,
    value: JSON.stringify({ event_id: id, key, n }),
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: 'weir.test.v1.Tested',
      'content-type': 'application/json',
    },
  }
}

/** `count` messages for each of `keys`, interleaved; `from` is the first one's place. */
export function messages(keys: number, count: number, from = 0): Message[] {
  return Array.from({ length: keys * count }, (_, at) =>
    message(`key${at % keys}`, from + Math.floor(at / keys)),
  )
}

/** Consumes, and remembers what it was given. */
export class Consumer {
  readonly batches: Batch[] = []
  subscription: Subscription

  static async start(
    bus: Bus,
    options: Omit<SubscribeOptions, 'handle'> & { handle?: SubscribeOptions['handle'] },
  ) {
    const consumer = new Consumer()
    consumer.subscription = await bus.subscribe({
      ...options,
      handle: async (batch) => {
        await options.handle?.(batch)
        consumer.batches.push(batch)
      },
    })
    return consumer
  }

  get received(): Delivered[] {
    return this.batches.flatMap((batch) => batch.messages)
  }

  get ids(): string[] {
    return idsOf(this.received)
  }

  get distinctIds(): Set<string> {
    return new Set(this.ids)
  }
}

export function idsOf(list: { headers: Record<string, string> }[]): string[] {
  return list.map(({ headers }) => headers['ce_id']!)
}

/** Waits until it holds; the last failure says what did not come to be. */
export async function eventually(isSo: () => unknown, what: string, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(20)
  }
}

/** Places within their key of the first copies that came, by key: ascending when the order was kept. */
export function placesByKey(received: Delivered[]): Map<string, number[]> {
  const seen = new Set<string>()
  const places = new Map<string, number[]>()
  for (const { key, value, headers } of received) {
    if (seen.has(headers['ce_id']!)) continue
    seen.add(headers['ce_id']!)
    const { n } = JSON.parse(value) as { n: number }
    places.set(key, [...(places.get(key) ?? []), n])
  }
  return places
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n)
}
