import { randomUUID } from 'node:crypto'
import type { Document, Naming, StreamWriter } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'
import type { Choice, Reply, ReplyEvent, Stop } from '../../conversation/reply.js'
import { sseEvent } from '../../conversation/sse.js'
import type { Usage } from '../../inference/usage.js'
import { writeError } from '../openai-chat/errors.js'
import { writeStop } from '../openai-chat/stop.js'
import { writeUsage } from '../openai-chat/usage.js'

/** Writes a completion: the text of an answer, and nothing of what else there is. */
export function writeReply(reply: Reply, { model }: Naming): Document {
  return {
    ...writeHead(reply, model),
    choices: reply.choices.map((choice, index) => writeChoice(index, textOf(choice), choice.stop)),
    usage: writeUsage(reply.usage),
  }
}

const writeHead = ({ id, created }: { id: string; created: number }, model: string): Document => ({
  id: id === '' ? `cmpl-${randomUUID()}` : id,
  object: 'text_completion',
  created,
  model,
})

const textOf = ({ parts }: Choice): string =>
  parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')

const writeChoice = (index: number, text: string, stop: Stop | undefined): Document => ({
  text,
  index,
  logprobs: null,
  finish_reason: stop ? writeReason(stop) : null,
})

/** A text calls no tools: where a model did all the same, it has said all that is told here. */
function writeReason(stop: Stop): string {
  const reason = writeStop(stop, true)
  return reason === 'tool_calls' ? 'stop' : reason
}

/** Writes a stream of completions. */
export class CompletionStreamWriter implements StreamWriter {
  private head: Document = {}
  private usage: Usage | undefined
  /** Parts that are text, by choice and number. */
  private readonly texts = new Set<string>()
  private readonly tellsUsage: boolean

  constructor(
    private readonly naming: Naming,
    request: Document,
  ) {
    this.tellsUsage = asObject(request['stream_options'])?.['include_usage'] === true
  }

  write(event: ReplyEvent): string {
    switch (event.type) {
      case 'start':
        this.head = writeHead(event, this.naming.model)
        this.usage = event.usage
        return ''
      case 'part_start':
        if (event.start.type === 'text' || event.start.type === 'refusal')
          this.texts.add(`${event.choice}.${event.part}`)
        return ''
      case 'text':
        return this.texts.has(`${event.choice}.${event.part}`) ? this.chunk(event.choice, event.text) : ''
      case 'stop':
        return this.chunk(event.choice, '', event.stop)
      case 'usage':
        this.usage = event.usage
        return ''
      case 'end': {
        const last = { ...this.head, choices: [], usage: writeUsage(this.usage) }
        return `${this.tellsUsage ? sseEvent(JSON.stringify(last)) : ''}data: [DONE]\n\n`
      }
      case 'error':
        return sseEvent(JSON.stringify(writeError(event.error)))
      default:
        return ''
    }
  }

  private chunk(index: number, text: string, stop?: Stop): string {
    const choices = [writeChoice(index, text, stop)]
    // Not even as null: OpenAI's schema of this API, unlike that of chats, has none.
    return sseEvent(JSON.stringify({ ...this.head, choices }))
  }
}
