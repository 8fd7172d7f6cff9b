import { counter, histogram, type Logger } from '@weir/observability'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { DetectorSet, Found, ScanAnswer, ScanOrder, ScannedText } from './scan.js'

/** Texts that are looked through together; a longer one is an order of its own. */
const orderCharacters = 64 * 1024

/** What an order may take: many times what it does. */
const orderMs = 500
const orderMsPerMillion = 2_000

/** What waits for longer is not waited for by anybody any more. */
const waitMs = 1_500

/** Of one organization. */
const maxWaiting = 1_000

const scans = histogram(
  'weir_policy_scan_duration_seconds',
  'Time to look through some texts, without waiting for a free thread.',
  [],
  [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
)
const stalls = counter(
  'weir_policy_scan_stalls_total',
  'Threads that were ended since a text took them too long.',
)

/** Texts could not be looked through in time, or at all. */
export class ScanFailure extends Error {}

interface Order {
  organization: string
  sets: DetectorSet[]
  texts: ScannedText[]
  enqueuedAt: number
  resolve: (found: Found[][]) => void
  reject: (error: Error) => void
}

interface Thread {
  worker: Worker
  /** Loading the detectors takes longer than looking through most texts. */
  isReady: boolean
  order: Order | undefined
  timer: NodeJS.Timeout | undefined
  startedAt: number
}

/**
 * Detectors run in threads, so that no text holds up the service: whatever takes too long takes its thread
 * with it, and no other. Organizations take turns, and none has all threads at once.
 */
export class ScanPool {
  private readonly threads: Thread[] = []
  /** Those whose turn it is stand first. */
  private readonly queues = new Map<string, Order[]>()
  private readonly running = new Map<string, number>()
  private lastId = 0
  private closed = false

  constructor(
    private readonly workerUrl: URL,
    private readonly logger: Logger,
    private readonly size = Math.max(2, Math.min(8, availableParallelism())),
    private readonly limitMs = orderMs,
  ) {}

  start(): void {
    while (this.threads.length < this.size) this.threads.push(this.open())
  }

  /** What all sets find in all texts. Rejects with ScanFailure. */
  async scan(organization: string, sets: DetectorSet[], texts: readonly ScannedText[]): Promise<Found[][]> {
    if (sets.length === 0) return texts.map(() => [])
    const parts = await Promise.all(inOrders(texts).map((part) => this.order(organization, sets, part)))
    return parts.flat()
  }

  async close(): Promise<void> {
    this.closed = true
    for (const orders of this.queues.values())
      for (const { reject } of orders) reject(new ScanFailure('The service is being stopped.'))
    this.queues.clear()
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()))
  }

  private order(organization: string, sets: DetectorSet[], texts: ScannedText[]): Promise<Found[][]> {
    return new Promise((resolve, reject) => {
      const waiting = this.queues.get(organization) ?? []
      if (this.closed || waiting.length >= maxWaiting)
        return reject(new ScanFailure('Too much waits to be looked through.'))
      waiting.push({ organization, sets, texts, enqueuedAt: performance.now(), resolve, reject })
      this.queues.set(organization, waiting)
      this.dispatch()
    })
  }

  private dispatch(): void {
    for (const thread of this.threads) {
      if (!thread.isReady || thread.order) continue
      const next = this.take()
      if (!next) return
      this.run(thread, next)
    }
  }

  /** The first order of the organization that has waited for its turn longest. */
  private take(): Order | undefined {
    const most = Math.max(1, this.size - 1)
    for (const [organization, orders] of this.queues) {
      while (orders[0] && performance.now() - orders[0].enqueuedAt > waitMs)
        orders.shift()?.reject(new ScanFailure('It waited too long for a free thread.'))
      if (orders.length === 0) this.queues.delete(organization)
      else if ((this.running.get(organization) ?? 0) < most) {
        const order = orders.shift()
        this.queues.delete(organization)
        if (orders.length > 0) this.queues.set(organization, orders)
        return order
      }
    }
    return undefined
  }

  private run(thread: Thread, order: Order): void {
    thread.order = order
    thread.startedAt = performance.now()
    this.running.set(order.organization, (this.running.get(order.organization) ?? 0) + 1)
    const characters = order.texts.reduce((sum, { text }) => sum + text.length, 0)
    const limitMs = this.limitMs + (characters / 1e6) * orderMsPerMillion
    thread.timer = setTimeout(() => this.kill(thread, characters), limitMs)
    const { sets, texts } = order
    thread.worker.postMessage({ id: ++this.lastId, sets, texts } satisfies ScanOrder)
  }

  private kill(thread: Thread, characters: number): void {
    stalls.inc()
    this.logger.warn({ characters }, 'Texts took the detectors too long; their thread was ended.')
    this.replace(thread, new ScanFailure('The detectors did not come to an end in time.'))
  }

  private finish(thread: Thread): Order | undefined {
    const { order } = thread
    clearTimeout(thread.timer)
    thread.order = undefined
    if (!order) return undefined
    const left = (this.running.get(order.organization) ?? 1) - 1
    if (left > 0) this.running.set(order.organization, left)
    else this.running.delete(order.organization)
    return order
  }

  private replace(thread: Thread, reason: Error): void {
    const at = this.threads.indexOf(thread)
    if (at < 0) return
    const order = this.finish(thread)
    void thread.worker.terminate()
    if (!this.closed) this.threads[at] = this.open()
    order?.reject(reason)
    this.dispatch()
  }

  private open(): Thread {
    const worker = new Worker(this.workerUrl, { resourceLimits: { maxOldGenerationSizeMb: 256 } })
    const thread: Thread = { worker, isReady: false, order: undefined, timer: undefined, startedAt: 0 }
    worker.on('message', (answer: ScanAnswer) => {
      if (!this.threads.includes(thread)) return
      if (!thread.isReady) {
        thread.isReady = true
        return this.dispatch()
      }
      scans.observe((performance.now() - thread.startedAt) / 1000)
      const order = this.finish(thread)
      if (answer.found) order?.resolve(answer.found)
      else order?.reject(new ScanFailure(answer.error))
      this.dispatch()
    })
    worker.on('error', (error) => {
      this.logger.error({ err: error }, 'A thread of the detectors failed; another one was begun.')
      // One that cannot even begin is not begun again without end.
      setTimeout(
        () => this.replace(thread, new ScanFailure('The detectors failed.')),
        thread.order ? 0 : 1_000,
      )
    })
    return thread
  }
}

/** Texts that are looked through together, never a message apart from itself. */
function inOrders(texts: readonly ScannedText[]): ScannedText[][] {
  const orders: ScannedText[][] = []
  let order: ScannedText[] = []
  let characters = 0
  for (const [at, text] of texts.entries()) {
    const isNew = at === 0 || texts[at - 1]?.message !== text.message
    if (isNew && characters >= orderCharacters) {
      orders.push(order)
      order = []
      characters = 0
    }
    order.push(text)
    characters += text.text.length
  }
  if (order.length > 0) orders.push(order)
  return orders
}
