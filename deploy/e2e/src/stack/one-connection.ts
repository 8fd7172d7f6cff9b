import OpenAI, { type ClientOptions } from 'openai'
import { Agent, fetch as undiciFetch } from 'undici'

/**
 * OpenAI's SDK over one connection that is kept: one gateway gets all of its requests. `close` ends the
 * connection; requests at the same time wait for each other.
 */
export function openOneConnection(options: ClientOptions & { baseURL: string; apiKey: string }): {
  client: OpenAI
  close(): Promise<void>
} {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 })
  const client = new OpenAI({
    maxRetries: 0,
    ...options,
    fetch: (url, init) =>
      undiciFetch(url instanceof Request ? url.url : url, { ...(init as object), dispatcher }),
  })
  return { client, close: () => dispatcher.destroy() }
}
