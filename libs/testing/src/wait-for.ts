import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Calls `fn` until it returns something truthy without throwing, and returns that.
 *
 * @throws Error with the last outcome once `timeoutMs` (default 5 s) is over
 */
export async function waitFor<T>(
  fn: () => T | Promise<T>,
  options: { timeoutMs?: number; intervalMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 5_000, intervalMs = 20, what = 'the condition' } = options
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await fn()
      if (value) return value
      last = value
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) {
      const outcome = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`Waited ${timeoutMs} ms for ${what}; last outcome: ${outcome}`, { cause: last })
    }
    await sleep(intervalMs)
  }
}
