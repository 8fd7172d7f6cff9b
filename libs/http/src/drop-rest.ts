import type { IncomingMessage } from 'node:http'

const timeoutMs = 5_000

/**
 * Reads and drops what is left of a refused request's body, for a while. A connection that is closed
 * with bytes unread is reset, and its caller may never see why it was refused. Resolves at once when
 * nothing is left.
 */
export function dropRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.readableEnded || request.destroyed) return Promise.resolve()
  request.resume()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs)
    const over = () => {
      clearTimeout(timer)
      resolve()
    }
    request.once('end', over).once('close', over)
  })
}
