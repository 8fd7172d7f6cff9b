import { Connection, type Answered, type Exchange } from './connection.js'
import { Tally } from './tally.js'
import type { LoadPlan, LoadResult, Schedule } from './plan.js'

/** After a failure, so that a dead target is not hammered. */
const pauseAfterFailureMs = 20

/** As many requests as the target can take with so many clients, each of which waits for its reply. */
export function runClosedLoop(
  plan: LoadPlan,
  schedule: Extract<Schedule, { kind: 'closed' | 'count' }>,
  exchange: Exchange,
): Promise<LoadResult> {
  const tally = new Tally(plan)
  const limit = schedule.kind === 'count' ? schedule.requests : Infinity
  let stopped = false
  return new Promise((resolve, reject) => {
    const connections = new Set<Connection>()
    const finish = (): void => {
      if (!tally.settled) return
      tally.closeWindow()
      stopWatching()
      for (const connection of connections) connection.close()
      resolve(tally.result())
    }
    const next = (connection: Connection): void => {
      if (stopped || tally.sent >= limit) {
        finish()
        return
      }
      const usable = connection.open ? connection : replace(connection)
      tally.sent++
      usable.sinceMs = performance.now()
      usable.send()
    }
    const replace = (connection: Connection): Connection => {
      connections.delete(connection)
      return add()
    }
    const answered: Answered = (connection, failure) => {
      tally.answer(connection, failure)
      if (failure === undefined) next(connection)
      else setTimeout(next, pauseAfterFailureMs, connection)
    }
    const add = (): Connection => {
      const connection = new Connection(exchange, answered)
      connections.add(connection)
      return connection
    }
    const stopWatching = tally.watch(reject)
    const at = (seconds: number, action: () => void): void => {
      setTimeout(() => {
        try {
          action()
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }, seconds * 1000)
    }

    if (schedule.kind === 'count') tally.openWindow()
    else {
      at(schedule.warmupSeconds, () => tally.openWindow())
      at(schedule.warmupSeconds + schedule.seconds, () => {
        tally.closeWindow()
        stopped = true
      })
    }
    const gapMs = schedule.kind === 'closed' ? (schedule.spreadMs ?? 0) / plan.connections : 0
    for (let i = 0; i < plan.connections; i++) {
      if (gapMs === 0) next(add())
      else setTimeout(next, i * gapMs, add())
    }
  })
}
