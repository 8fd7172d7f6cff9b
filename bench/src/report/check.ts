import type { MemoryCourse } from '../run/memory.js'
import type { TargetSummary } from './summary.js'

/** What the gateway must reach; the bench's exit code with --check. */
export const limits = {
  ratio: 0.55,
  addedP50Ms: 1,
  addedP99Ms: 5,
  streamRatio: 0.9,
  addedFirstByteMs: 1,
  translationShare: 0.2,
} as const

/** One of the limits, and whether it holds. */
export interface Check {
  what: string
  value: string
  holds: boolean
}

/** What was asked to be measured and has no figure does not hold. */
export function check(
  { mode }: { mode: 'rounds' | 'memory' | 'profile' },
  summaries: readonly TargetSummary[],
  memory: readonly MemoryCourse[],
): Check[] {
  return mode === 'memory' ? checkMemory(memory) : checkRounds(summaries)
}

function checkRounds(summaries: readonly TargetSummary[]): Check[] {
  const weir = summaries.find(({ target }) => target === 'weir')
  const ratio = weir?.ratio.requestsAllIn.median ?? NaN
  const addedP50Ms = weir?.addedP50Ms.median ?? NaN
  const addedP99Ms = weir?.addedP99Ms.median ?? NaN
  const streamRatio = weir?.ratio.streamChunks.median ?? NaN
  const addedFirstByteMs = weir?.addedFirstByteP50Ms.median ?? NaN
  const translationShare = weir?.translationShare.median ?? NaN
  const show = (value: number, digits: number, unit = ''): string =>
    Number.isNaN(value) ? 'not measured' : `${value.toFixed(digits)}${unit}`
  return [
    {
      what: `requests per core-second, all in, at least ${limits.ratio} of the bare proxy's`,
      value: show(ratio, 3),
      holds: ratio >= limits.ratio,
    },
    {
      what: `added p50 under ${limits.addedP50Ms} ms`,
      value: show(addedP50Ms, 3, ' ms'),
      holds: addedP50Ms < limits.addedP50Ms,
    },
    {
      what: `added p99 under ${limits.addedP99Ms} ms`,
      value: show(addedP99Ms, 3, ' ms'),
      holds: addedP99Ms < limits.addedP99Ms,
    },
    {
      what: `stream chunks per core-second, at least ${limits.streamRatio} of the bare proxy's`,
      value: show(streamRatio, 3),
      holds: streamRatio >= limits.streamRatio,
    },
    {
      what: `added time to a stream's first byte, p50, under ${limits.addedFirstByteMs} ms`,
      value: show(addedFirstByteMs, 3, ' ms'),
      holds: addedFirstByteMs < limits.addedFirstByteMs,
    },
    {
      what: `translation: at most ${100 * limits.translationShare} % more CPU time`,
      value: show(100 * translationShare, 0, ' %'),
      holds: translationShare <= limits.translationShare,
    },
  ]
}

function checkMemory(memory: readonly MemoryCourse[]): Check[] {
  return memory
    .filter(({ target }) => target === 'weir')
    .map(({ liveBytesPerRequest, flat }) => ({
      what: 'memory flat over the long run',
      value: `${liveBytesPerRequest.toFixed(1)} B more in use for each request`,
      holds: flat,
    }))
}
