const firstMs = 50
const longestMs = 2_000

/**
 * How long to wait before a target is tried again: doubled each time, and anything from half of it to
 * all of it, so that those who failed together do not come back together.
 * @param tries how often it was tried again already
 * @param random from 0 up to 1
 */
export function backoffMs(tries: number, random: number): number {
  const wholeMs = Math.min(longestMs, firstMs * 2 ** tries)
  return Math.round((wholeMs / 2) * (1 + random))
}
