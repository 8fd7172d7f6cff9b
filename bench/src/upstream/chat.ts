/** What the upstream expects of whoever calls it: proof that the target swapped key and model. */
export const upstreamKey = 'sk-bench-upstream'
export const upstreamModel = 'bench-upstream-model'

/** What each reply reports, streamed or not: the numbers that metering must arrive at. */
export const promptTokens = 212
export const completionTokens = 50

/** Content chunks of a stream; the usage chunk and [DONE] follow. */
export const streamChunks = 50
/** Data events of a stream but [DONE]. */
export const streamEvents = streamChunks + 1

const usage = {
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0 },
}

const head = { id: 'chatcmpl-bench00000000000000000000', created: 1_760_000_000, model: upstreamModel }

const answer =
  'Order 48213 was handed to the carrier on Saturday and has not been scanned since Sunday evening. If it is not with you ' +
  'by Friday, you may choose between a replacement by express and a refund to the card that you paid with. For either one ' +
  'I need the postcode of the delivery address and a daytime telephone number.'

/** The reply to a plain request: about 1 kB of JSON. */
export function plainReply(): Buffer {
  const body = JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: 'fp_bench00001',
  })
  return jsonReply('200 OK', body)
}

export const jsonReply = (status: string, body: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )

export const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
    'x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n',
)

/** The framed chunks of a stream, one event each, the last one with the end of the body. */
export function streamParts(): Buffer[] {
  const common = {
    ...head,
    object: 'chat.completion.chunk',
    service_tier: 'default',
    system_fingerprint: 'fp_bench00001',
  }
  const events = Array.from({ length: streamChunks }, (_, index) => {
    const last = index === streamChunks - 1
    const delta =
      index === 0 ? { role: 'assistant', content: '' } : last ? {} : { content: ` word${index % 10}` }
    const choice = { index: 0, delta, logprobs: null, finish_reason: last ? 'stop' : null }
    return JSON.stringify({ ...common, choices: [choice], usage: null })
  })
  events.push(JSON.stringify({ ...common, choices: [], usage }))
  return [
    ...events.map((event) => chunk(`data: ${event}\n\n`)),
    Buffer.concat([chunk('data: [DONE]\n\n'), chunk('')]),
  ]
}

const chunk = (text: string): Buffer => Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
