import type { Citation, ReasoningPart } from '../../conversation/conversation.js'
import type { Document, Naming, StreamWriter } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { joinCallId } from '../../conversation/signature.js'
import { sseEvent } from '../../conversation/sse.js'
import type { Usage } from '../../inference/usage.js'
import { writeError } from './errors.js'
import { writeDetail } from './reasoning.js'
import { isCall, replyId, writeAnnotation, writeImage, writeLogprobs, writeTier } from './reply-writer.js'
import { writeStop } from './stop.js'
import { writeUsage } from './usage.js'

/** What a choice has come to. */
interface ChoiceState {
  calls: number
  details: number
  images: number
  /** Characters of text so far: where the next part begins. */
  length: number
  hasRefusal: boolean
  parts: PartState[]
}

interface PartState {
  start: PartStart
  /** Number among the tool calls, or among the pieces of reasoning. */
  index: number
  offset: number
  citations: Citation[]
  /** Of a call: a piece of its JSON has come. */
  hasArguments: boolean
}

type PartEvent = Extract<ReplyEvent, { part: number }>

/** Writes a stream of chat completion chunks. */
export class ChatStreamWriter implements StreamWriter {
  private head: Document = {}
  private readonly choices: ChoiceState[] = []
  private usage: Usage | undefined
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
        this.usage = event.usage
        this.head = {
          id: replyId(event.id),
          object: 'chat.completion.chunk',
          created: event.created,
          model: this.naming.model,
          service_tier: writeTier(event.serviceTier),
        }
        return this.choice(0).begun
      case 'usage':
        this.usage = event.usage
        if (event.serviceTier !== undefined) this.head['service_tier'] = writeTier(event.serviceTier)
        return ''
      case 'stop': {
        const { state, begun } = this.choice(event.choice)
        return begun + this.chunk(event.choice, {}, writeStop(event.stop, state.hasRefusal))
      }
      case 'end':
        return this.end()
      case 'error':
        return sseEvent(JSON.stringify(writeError(event.error)))
      default:
        return this.writePart(event)
    }
  }

  private writePart(event: PartEvent): string {
    const { state, begun } = this.choice(event.choice)
    if (event.type === 'part_start') return begun + this.startPart(event, state)
    const part = state.parts[event.part]
    if (!part) return begun
    switch (event.type) {
      case 'text':
        return begun + this.writeText(event, state, part)
      case 'arguments':
        part.hasArguments ||= event.json !== ''
        return begun + this.writeArguments(event.choice, part, event.json)
      case 'citation':
        part.citations.push(event.citation)
        return begun
      case 'signature': {
        if (part.start.type !== 'reasoning') return begun
        const detail = writeDetail({ type: 'reasoning', text: '', signature: event.signature }, part.index)
        return begun + this.chunk(event.choice, { reasoning_details: [detail] })
      }
      case 'part_end':
        return begun + this.endPart(event.choice, part, state)
    }
  }

  private writeArguments(choice: number, { index }: PartState, json: string): string {
    return this.chunk(choice, { tool_calls: [{ index, function: { arguments: json } }] })
  }

  private endPart(choice: number, part: PartState, state: ChoiceState): string {
    // Other vendors write nothing where a tool takes nothing; clients of this one parse what they get.
    if (part.start.type === 'tool_call')
      return part.hasArguments ? '' : this.writeArguments(choice, part, '{}')
    if (part.citations.length === 0) return ''
    const range = { start: part.offset, end: state.length }
    const annotations = part.citations.map((cited) => writeAnnotation(cited, range))
    return this.chunk(choice, { annotations })
  }

  private startPart(
    { choice, part, start }: Extract<PartEvent, { type: 'part_start' }>,
    state: ChoiceState,
  ): string {
    const isReasoning = start.type === 'reasoning'
    const index = start.type === 'tool_call' ? state.calls++ : isReasoning ? state.details++ : 0
    state.parts[part] = { start, index, offset: state.length, citations: [], hasArguments: false }
    if (start.type === 'refusal') state.hasRefusal = true
    if (start.type === 'native' && start.native.dialect === 'openai-chat' && isCall(start.native))
      return this.chunk(choice, { tool_calls: [{ index: state.calls++, ...start.native.value }] })
    if (start.type === 'native' && start.native.image)
      return this.chunk(choice, { images: [writeImage(start.native.image, state.images++)] })
    if (start.type !== 'tool_call') return ''
    const call = {
      index,
      id: joinCallId(start.id, start.signature),
      type: 'function',
      function: { name: start.name, arguments: '' },
    }
    return this.chunk(choice, { tool_calls: [call] })
  }

  private writeText(
    { choice, text, logprobs }: Extract<PartEvent, { type: 'text' }>,
    state: ChoiceState,
    { start, index }: PartState,
  ): string {
    switch (start.type) {
      case 'text':
        state.length += text.length
        return this.chunk(choice, { content: text }, null, logprobs)
      case 'refusal':
        return this.chunk(choice, { refusal: text }, null, logprobs)
      case 'reasoning': {
        const piece: ReasoningPart = { type: 'reasoning', text, ...(start.isSummary && { isSummary: true }) }
        return this.chunk(choice, { reasoning_content: text, reasoning_details: [writeDetail(piece, index)] })
      }
      case 'tool_call':
      case 'native':
        return ''
    }
  }

  /** A choice begins with the role, whatever comes first. */
  private choice(index: number): { state: ChoiceState; begun: string } {
    const known = this.choices[index]
    if (known) return { state: known, begun: '' }
    const state = { calls: 0, details: 0, images: 0, length: 0, hasRefusal: false, parts: [] }
    this.choices[index] = state
    return { state, begun: this.chunk(index, { role: 'assistant', content: '', refusal: null }) }
  }

  private chunk(index: number, delta: Document, finish: string | null = null, logprobs?: unknown): string {
    const choices = [{ index, delta, logprobs: writeLogprobs(logprobs), finish_reason: finish }]
    return sseEvent(JSON.stringify({ ...this.head, choices, ...(this.tellsUsage && { usage: null }) }))
  }

  private end(): string {
    const usage = this.tellsUsage
      ? sseEvent(JSON.stringify({ ...this.head, choices: [], usage: writeUsage(this.usage) }))
      : ''
    return `${usage}data: [DONE]\n\n`
  }
}
