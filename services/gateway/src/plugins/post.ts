import { type Upstream, UpstreamFailure } from '../upstream/upstream.js'
import type { PluginServices } from './plugin.js'

/** What an address has to say is short. */
const maxAnswerBytes = 1024 * 1024

/** Posts through the gateway's own connections: the network policy of providers holds, redirects are not followed. */
export function postOver(upstream: Upstream): PluginServices['post'] {
  return ({ url, headers, body, timeoutMs }) =>
    new Promise((resolve, reject) => {
      let status = 0
      let bytes = 0
      // A path stays as it is written: a base URL's would lose its last slash, and one of nothing else is no path.
      const { origin, pathname } = new URL(url)
      const chunks: Buffer[] = []
      const fail = (failure: UpstreamFailure) => {
        clearTimeout(timer)
        reject(failure)
      }
      const timer = setTimeout(() => {
        call.abort()
        fail(new UpstreamFailure('timeout', 'it did not answer in time.'))
      }, timeoutMs)
      const call = upstream.call(
        { baseUrl: origin, path: pathname, headers, body },
        {
          onHead: (head) => {
            status = head
          },
          onData: (chunk) => {
            bytes += chunk.length
            chunks.push(chunk)
            if (bytes <= maxAnswerBytes) return
            call.abort()
            fail(new UpstreamFailure('broken', 'its answer is too long.'))
          },
          onEnd: () => {
            clearTimeout(timer)
            resolve({ status, body: Buffer.concat(chunks).toString() })
          },
          onError: fail,
        },
      )
    })
}
