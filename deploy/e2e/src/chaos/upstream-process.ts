import { LLMock } from '@copilotkit/aimock'
import type { ReplyOrder } from './plan.js'

/** A call as the upstream has it in its journal. */
export interface UpstreamCall {
  /** `x-client-request-id`: the attempt's id. */
  attemptId: string
  status: number
}

/** What the process says: where it listens, and, when asked, its journal. */
export type FromUpstream = { port: number } | { calls: UpstreamCall[] }

/** Characters in a chunk, and milliseconds between two. */
const chunkSize = 16
const chunkMs = 12

// Whoever started it is the only one who needs it.
process.once('disconnect', () => process.exit(0))
const upstream = new LLMock({ journalMaxEntries: 0, chunkSize })
upstream.addFixture({
  match: { endpoint: 'chat' },
  latency: chunkMs,
  response: ({ messages }) => {
    const content = messages.at(-1)?.content
    if (typeof content !== 'string') throw new TypeError('The message orders no reply.')
    const order = JSON.parse(content) as ReplyOrder
    return {
      content: 'Water finds a way. '.repeat(order.chunks).slice(0, order.chunks * chunkSize),
      usage: {
        prompt_tokens: order.prompt,
        completion_tokens: order.completion,
        total_tokens: order.prompt + order.completion,
        // Reported on the OpenRouter-shaped paths alone.
        prompt_tokens_details: { cached_tokens: order.cached },
        completion_tokens_details: { reasoning_tokens: order.reasoning },
      },
    }
  },
})
const url = await upstream.start()
process.on('message', () => {
  const calls = upstream.getRequests().map(({ headers, response }) => ({
    attemptId: headers['x-client-request-id'] ?? '',
    status: response.status ?? 0,
  }))
  process.send?.({ calls } satisfies FromUpstream)
})
process.send?.({ port: Number(new URL(url).port) } satisfies FromUpstream)
