/** Ctrl-C reaches us from the terminal and once more from the npm above us; that is one request. */
const SAME_REQUEST_MS = 700

/**
 * Calls `first` when the person, the system or the end of the process above asks us to stop, `second` when
 * they insist.
 */
export function onStopRequest(handlers: { first: (reason: string) => void; second: () => void }): void {
  let requestedAt: number | undefined
  const request = (reason: string): void => {
    if (requestedAt === undefined) {
      requestedAt = Date.now()
      handlers.first(reason)
    } else if (Date.now() - requestedAt > SAME_REQUEST_MS) {
      handlers.second()
    }
  }
  process.on('SIGINT', () => request('Ctrl-C'))
  process.on('SIGTERM', () => request('SIGTERM'))
  process.on('SIGHUP', () => request('the terminal was closed'))
  if (process.connected) process.once('disconnect', () => request('the command that started this was killed'))
}
