import type { Upstream, UpstreamCall, UpstreamHandler, UpstreamRequest } from '../../upstream/upstream.js'
import type { ChatDocument } from '../../dialects/openai-chat/chat-completions.js'
import { answerOperation } from './operations.js'

interface Message {
  role?: string
  content?: unknown
}

interface Tool {
  function?: {
    name?: string
    parameters?: { properties?: Record<string, { type?: string; enum?: unknown[] }>; required?: string[] }
  }
}

/** A word and the space before it: what the sandbox counts as a token. */
const tokensOf = (text: string): string[] => text.match(/\s*\S+/g) ?? []

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join(' ')
}

/**
 * A provider without an account: answers every request from itself alone, always the
 * same, so that a first request, a demo or a test needs no vendor. It repeats what it was told,
 * calls the first tool that it is offered, and counts words as tokens.
 */
export class SandboxUpstream implements Upstream {
  call(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    let over = false
    // Answers in a later turn, as a real upstream does.
    setImmediate(() => {
      if (over || answerOperation(request, handler)) return
      answer(JSON.parse(request.body.toString()) as ChatDocument, handler)
    })
    return { abort: () => (over = true), pause: () => undefined, resume: () => undefined }
  }
}

function answer(document: ChatDocument, handler: UpstreamHandler): void {
  const messages = Array.isArray(document['messages']) ? (document['messages'] as Message[]) : undefined
  if (!messages || messages.length === 0) {
    return reply(handler, 400, {
      error: {
        message: '`messages` must be a list of at least one message.',
        type: 'invalid_request_error',
        param: 'messages',
        code: null,
      },
    })
  }
  const last = messages.at(-1)
  const toolCall = last?.role === 'tool' ? undefined : chooseTool(document)
  const text = toolCall ? '' : limit(document, `You said: ${textOf(last?.content)}`)
  const usage = usageOf(messages, toolCall ? JSON.stringify(toolCall) : text)
  if (document.stream === true) return streamReply(document, handler, { text, toolCall, usage })
  reply(handler, 200, {
    ...head(document, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: toolCall ? null : text,
          refusal: null,
          ...(toolCall && { tool_calls: [toolCall] }),
        },
        logprobs: null,
        finish_reason: toolCall ? 'tool_calls' : 'stop',
      },
    ],
    usage,
  })
}

function streamReply(
  document: ChatDocument,
  handler: UpstreamHandler,
  { text, toolCall, usage }: { text: string; toolCall: ToolCall | undefined; usage: object },
): void {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...head(document, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  })
  const deltas = toolCall
    ? [{ tool_calls: [{ index: 0, ...toolCall }] }]
    : tokensOf(text).map((content) => ({ content }))
  const chunks = [
    chunk({ role: 'assistant', content: toolCall ? null : '' }),
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, toolCall ? 'tool_calls' : 'stop'),
    { ...head(document, 'chat.completion.chunk'), choices: [], usage },
  ]
  handler.onHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  for (const part of chunks) handler.onData(Buffer.from(`data: ${JSON.stringify(part)}\n\n`))
  handler.onData(Buffer.from('data: [DONE]\n\n'))
  handler.onEnd()
}

function reply(handler: UpstreamHandler, status: number, body: object): void {
  handler.onHead(status, { 'content-type': 'application/json' })
  handler.onData(Buffer.from(JSON.stringify(body)))
  handler.onEnd()
}

function head(document: ChatDocument, object: string) {
  return {
    id: 'chatcmpl-sandbox',
    object,
    created: 1_700_000_000,
    model: document.model,
    system_fingerprint: 'sandbox',
  }
}

function limit(document: ChatDocument, text: string): string {
  const max = document['max_completion_tokens'] ?? document['max_tokens']
  return typeof max === 'number' ? tokensOf(text).slice(0, max).join('') : text
}

function usageOf(messages: Message[], output: string) {
  const prompt = messages.reduce((sum, message) => sum + 1 + tokensOf(textOf(message.content)).length, 0)
  const completion = tokensOf(output).length
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

function chooseTool(document: ChatDocument): ToolCall | undefined {
  const tools = Array.isArray(document['tools']) ? (document['tools'] as Tool[]) : []
  const wanted = document['tool_choice'] as { function?: { name?: string } } | string | undefined
  if (wanted === 'none') return undefined
  const named =
    typeof wanted === 'object'
      ? tools.find((tool) => tool.function?.name === wanted.function?.name)
      : tools[0]
  const name = named?.function?.name
  if (name === undefined) return undefined
  const properties = Object.entries(named?.function?.parameters?.properties ?? {})
  const values = properties.map(([property, schema]) => [property, exampleOf(schema)] as const)
  return {
    id: 'call_sandbox',
    type: 'function',
    function: { name, arguments: JSON.stringify(Object.fromEntries(values)) },
  }
}

function exampleOf(schema: { type?: string; enum?: unknown[] }): unknown {
  if (schema.enum && schema.enum.length > 0) return schema.enum[0]
  switch (schema.type) {
    case 'number':
    case 'integer':
      return 1
    case 'boolean':
      return true
    case 'array':
      return []
    case 'object':
      return {}
    default:
      return 'example'
  }
}
