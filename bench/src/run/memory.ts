import { slope } from '../load/percentile.js'
import type { TargetName } from '../target/target.js'
import type { Subject } from './subject.js'

/** Resident memory over a long run. */
export interface MemoryCourse {
  target: TargetName
  idleRssMib: number
  /** After so many requests. */
  points: { requests: number; rssMib: number }[]
  /** Bytes by which each request of the second half made memory grow, by a straight line through it. */
  bytesPerRequest: number
  flat: boolean
}

export const memoryRequests = 200_000
const stepRequests = 20_000
/** A leak of a tenth of the memory in use over 100,000 requests; a garbage-collected heap varies by less. */
const flatShare = 0.1

/** Sends the requests in steps, and reads the memory after each of them, when its work is done. */
export async function runMemory(subject: Subject, progress: (line: string) => void): Promise<MemoryCourse> {
  const points: MemoryCourse['points'] = []
  for (let requests = stepRequests; requests <= memoryRequests; requests += stepRequests) {
    const { rssMib = NaN } = await subject.run({
      connections: 64,
      schedule: { kind: 'count', requests: stepRequests },
      paceMs: undefined,
    })
    points.push({ requests, rssMib })
    progress(
      `memory: ${subject.target.name}: ${rssMib.toFixed(0)} MiB after ${requests.toLocaleString('en-US')} requests`,
    )
  }
  return {
    target: subject.target.name,
    idleRssMib: subject.idleRssMib ?? NaN,
    points,
    ...judgeMemory(points),
  }
}

/** Only the second half counts: before that, heap and code caches grow to their size. */
export function judgeMemory(points: MemoryCourse['points']): { bytesPerRequest: number; flat: boolean } {
  const half = points.slice(points.length >> 1)
  const mibPerRequest = slope(half.map(({ requests, rssMib }) => ({ x: requests, y: rssMib })))
  const span = (half.at(-1)?.requests ?? 0) - (half[0]?.requests ?? 0)
  const level = half[0]?.rssMib ?? NaN
  return { bytesPerRequest: mibPerRequest * 1024 * 1024, flat: mibPerRequest * span <= flatShare * level }
}
