import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Resolves when a stream can take more, or is over. For `ChangeFeed.watch`. */
export function paceOf(stream: Writable): () => Promise<void> {
  return async () => {
    if (!stream.writableNeedDrain || stream.destroyed) return
    const over = new AbortController()
    const { signal } = over
    await Promise.race(['drain', 'close', 'cancelled'].map((event) => once(stream, event, { signal })))
      .catch(() => undefined)
      .finally(() => over.abort())
  }
}
