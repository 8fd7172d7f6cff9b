import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LiveMemory } from '../profile/heap-hook.js'
import { askHook } from '../profile/preload.js'
import type { TargetName } from '../target/target.js'
import type { Subject } from './subject.js'

/** Memory over a long run. */
export interface MemoryCourse {
  target: TargetName
  idleRssMib: number
  /** Resident memory after so many requests. */
  points: { requests: number; rssMib: number }[]
  /** What is in use after a garbage collection, once everything is warm and at the end. */
  live: { requests: number; bytes: number }[]
  /** By how much each request between these two made that grow. */
  liveBytesPerRequest: number
  flat: boolean
}

export const memoryRequests = 200_000
const stepRequests = 20_000
const warmRequests = 40_000
/** Ten times what code and metrics still grow by; the smallest object that a request could leave behind is larger. */
const flatBytesPerRequest = 50
/** Of resident memory, over the last fifth of the run: a heap may be enlarged once more, a leak goes on. */
const flatRssShare = 0.1

/**
 * Sends the requests in steps, and reads the memory after each of them, when its work is done.
 * @param dir where the heap hook in the target writes
 */
export async function runMemory(
  subject: Subject,
  dir: string,
  progress: (line: string) => void,
): Promise<MemoryCourse> {
  const { name, pid } = subject.target
  if (pid === undefined) throw new Error(`${name} has no process to measure.`)
  const points: MemoryCourse['points'] = []
  const live: MemoryCourse['live'] = []
  for (let requests = stepRequests; requests <= memoryRequests; requests += stepRequests) {
    const { rssMib = NaN } = await subject.run({
      connections: 64,
      schedule: { kind: 'count', requests: stepRequests },
      paceMs: undefined,
    })
    points.push({ requests, rssMib })
    progress(`memory: ${name}: ${rssMib.toFixed(0)} MiB after ${requests.toLocaleString('en-US')} requests`)
    if (requests !== warmRequests && requests !== memoryRequests) continue
    const file = join(dir, `live-${live.length + 1}.json`)
    await askHook(pid, file)
    live.push({ requests, ...(JSON.parse(await readFile(file, 'utf8')) as LiveMemory) })
  }
  return { target: name, idleRssMib: subject.idleRssMib ?? NaN, points, ...judgeMemory(points, live) }
}

export function judgeMemory(
  points: MemoryCourse['points'],
  live: MemoryCourse['live'],
): Pick<MemoryCourse, 'live' | 'liveBytesPerRequest' | 'flat'> {
  const [warm, end] = [live[0], live.at(-1)]
  if (warm === undefined || end === undefined) throw new Error('The memory in use was not read.')
  const liveBytesPerRequest = (end.bytes - warm.bytes) / (end.requests - warm.requests)
  const last = points.at(-1)?.rssMib ?? NaN
  const before = points.at(-3)?.rssMib ?? NaN
  return {
    live,
    liveBytesPerRequest,
    flat: liveBytesPerRequest <= flatBytesPerRequest && last <= before * (1 + flatRssShare),
  }
}
