import type { EndpointName, RequestDocument } from '../inference/endpoint.js'
import type { Plugin, PluginServices } from '../plugins/plugin.js'
import { type PluginRun, ReplyFilter } from '../plugins/reply-filter.js'
import { SseReader } from '../conversation/sse.js'
import type { Document } from '../conversation/dialect.js'

/** Services for a plugin that needs none. */
export const noServices: PluginServices = {
  post: () => Promise.reject(new Error('Nobody is there.')),
  unseal: (sealed) => sealed,
}

/** Takes one request through plugins, and has its answer go through them too. */
export async function plugged(plugins: Plugin[], document: object, endpoint: EndpointName = 'chat') {
  const about = { endpoint, deployment: 'fast', requestId: 'req_1' }
  const request = { ...about, document: structuredClone(document) as RequestDocument, headers: {} }
  const runs: PluginRun[] = []
  for (const plugin of plugins) runs.push({ plugin, state: await plugin.request?.(request) })
  const filter = () => new ReplyFilter(about, [...runs].reverse())
  return {
    request,
    whole: async (answer: object): Promise<Document> => {
      return JSON.parse(String(await filter().whole(JSON.stringify(answer)))) as Document
    },
    /** Sends a stream through, its bytes cut into pieces. */
    stream: async (events: (object | string)[], bytesAtOnce = 1_000_000): Promise<(Document | string)[]> => {
      const passing = filter()
      const text = events
        .map((event) => (typeof event === 'string' ? `data: ${event}\n\n` : toSse(event as Document)))
        .join('')
      const bytes = Buffer.from(text)
      let shown = ''
      for (let at = 0; at < bytes.length; at += bytesAtOnce) {
        shown += passing.push(bytes.subarray(at, at + bytesAtOnce))?.toString() ?? ''
      }
      shown += (await passing.end('')).toString()
      return new SseReader()
        .push(Buffer.from(shown))
        .map(({ data }) => (data.startsWith('{') ? (JSON.parse(data) as Document) : data))
    },
  }
}

const toSse = (event: Document): string =>
  `${typeof event['type'] === 'string' ? `event: ${event['type']}\n` : ''}data: ${JSON.stringify(event)}\n\n`

/** A stream of Chat Completions that says a text in pieces. */
export function chatStream(pieces: string[]): (object | string)[] {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' },
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    chunk({}, 'stop'),
    { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage },
    '[DONE]',
  ]
}

/** What the first choice of a stream says. */
export function saidIn(events: (Document | string)[]): string {
  let said = ''
  for (const event of events) {
    if (typeof event === 'string') continue
    const [choice] = (event['choices'] ?? []) as { delta?: { content?: string } }[]
    said += choice?.delta?.content ?? ''
  }
  return said
}
