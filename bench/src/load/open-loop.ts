import { Connection, type Answered, type Exchange } from './connection.js'
import { Tally } from './tally.js'
import type { LoadPlan, LoadResult, Schedule } from './plan.js'

/** Beyond this many requests in flight the target does not keep up with the rate, and its latency has no meaning. */
const maxConnections = 2_000
/** Node's timers are coarser than a proxy's latency: sleep on them until this long before a request is due. */
const timerSlackMs = 2
const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * Requests at a fixed rate, sent when due whatever became of the earlier ones, over as many connections as that takes.
 * Latency counts from the due time, so neither a slow target nor a late generator can hide a wait (coordinated omission).
 */
export function runOpenLoop(
  plan: LoadPlan,
  schedule: Extract<Schedule, { kind: 'rate' }>,
  exchange: Exchange,
): Promise<LoadResult> {
  const tally = new Tally(plan)
  const gapMs = 1000 / schedule.perSecond
  const warmup = Math.round(schedule.warmupSeconds * schedule.perSecond)
  const total = warmup + Math.round(schedule.seconds * schedule.perSecond)
  return new Promise((resolve, reject) => {
    const idle: Connection[] = []
    const all = new Set<Connection>()
    const answered: Answered = (connection, failure) => {
      tally.answer(connection, failure)
      if (connection.open) idle.push(connection)
      else all.delete(connection)
      if (tally.sent === total && tally.settled) {
        tally.closeWindow()
        stopWatching()
        for (const open of all) open.close()
        resolve(tally.result())
      }
    }
    const add = (): Connection => {
      const connection = new Connection(exchange, answered)
      all.add(connection)
      return connection
    }
    const take = (): Connection => {
      // The one that rested longest, so that none rests until the server closes it.
      for (let next = idle.shift(); next !== undefined; next = idle.shift()) {
        if (next.open) return next
        all.delete(next)
      }
      if (all.size >= maxConnections)
        throw new Error(`The target does not keep up with ${schedule.perSecond} requests/s.`)
      return add()
    }
    for (let i = 0; i < plan.connections; i++) idle.push(add())

    const stopWatching = tally.watch(reject)
    const startMs = performance.now() + 50
    const send = (dueMs: number): void => {
      if (tally.sent === warmup) tally.openWindow()
      const connection = take()
      tally.sent++
      tally.late(performance.now() - dueMs)
      connection.sinceMs = dueMs
      connection.send()
    }
    const pump = (): void => {
      try {
        for (;;) {
          if (tally.sent === total) return
          const dueMs = startMs + tally.sent * gapMs
          const waitMs = dueMs - performance.now()
          if (waitMs <= 0) send(dueMs)
          else if (waitMs > timerSlackMs) {
            setTimeout(pump, waitMs - timerSlackMs)
            return
          } else if (tally.settled) Atomics.wait(cell, 0, 0, waitMs)
          else {
            // A reply may come any moment, so the event loop must not sleep.
            setImmediate(pump)
            return
          }
        }
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    pump()
  })
}
