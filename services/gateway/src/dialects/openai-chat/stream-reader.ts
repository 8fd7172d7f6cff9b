import type { Citation } from '../../conversation/conversation.js'
import type { Document, StreamReader } from '../../conversation/dialect.js'
import {
  asNumber,
  asObject,
  asText,
  objectsOf,
  parseEventData,
  parseObject,
} from '../../conversation/json.js'
import type { ReplyEvent } from '../../conversation/reply.js'
import { SseReader, type ServerSentEvent } from '../../conversation/sse.js'
import { readStreamError } from './errors.js'
import { readAnnotations, thinkingText } from './message-reader.js'
import { detailText, ownSignature, plainText } from './reasoning.js'
import { argumentsText, callSignature, newCallId, readLogprobs } from './reply-reader.js'
import { readStop } from './stop.js'
import { createdOf, readDocumentUsage } from './usage.js'

/** Reads a stream of chat completion chunks. */
export class ChatStreamReader implements StreamReader {
  private readonly sse = new SseReader()
  private readonly choices: ChoiceReader[] = []
  private hasBegun = false
  private isOver = false

  push(chunk: Buffer): ReplyEvent[] {
    const events: ReplyEvent[] = []
    for (const event of this.sse.push(chunk)) if (!this.isOver) this.read(event, events)
    return events
  }

  private read({ event, data }: ServerSentEvent, events: ReplyEvent[]): void {
    if (data.trim() === '[DONE]') return this.end(events)
    const document = parseEventData(data)
    if (!document) throw new Error('an event of its stream is not JSON.')
    if (event === 'error' || (document['error'] ?? null) !== null) {
      this.isOver = true
      events.push({ type: 'error', error: readStreamError(document) })
      return
    }
    const choices = objectsOf(document['choices'])
    if (choices.length > 0) this.begin(document, events)
    for (const choice of choices) this.choiceOf(choice).read(choice, events)
    const usage = readDocumentUsage(document)
    if (!usage) return
    this.begin(document, events)
    const tier = asText(document['service_tier'])
    events.push({ type: 'usage', usage, ...(tier !== undefined && tier !== '' && { serviceTier: tier }) })
  }

  private begin(document: Document, events: ReplyEvent[]): void {
    if (this.hasBegun) return
    this.hasBegun = true
    const tier = asText(document['service_tier'])
    events.push({
      type: 'start',
      id: asText(document['id']) ?? '',
      model: asText(document['model']) ?? '',
      created: createdOf(document),
      ...(tier !== undefined && tier !== '' && { serviceTier: tier }),
    })
  }

  private choiceOf(choice: Document): ChoiceReader {
    const index = asNumber(choice['index']) ?? 0
    if (!Number.isInteger(index) || index < 0 || index > 127)
      throw new Error('a choice of its stream has no sane index.')
    return (this.choices[index] ??= new ChoiceReader(index))
  }

  /** Only here is it certain that nothing follows: some vendors go on after they said why they stopped. */
  private end(events: ReplyEvent[]): void {
    if (!this.hasBegun) throw new Error('its stream ended before it began.')
    this.isOver = true
    for (const choice of this.choices) choice?.end(events)
    events.push({ type: 'end' })
  }
}

interface OpenCall {
  id: string
  /** Of its part; undefined: its name has not come yet. */
  part: number | undefined
  name: string
  text: string
  isOpen: boolean
}

type Flowing = 'text' | 'refusal' | 'reasoning'

/** One choice of a stream: its parts in their order. */
class ChoiceReader {
  private parts = 0
  /** The text, refusal or reasoning that is coming now. */
  private flowing: { type: Flowing; part: number; key: unknown; detail?: Document } | undefined
  private readonly calls: OpenCall[] = []
  /** Calls of tools whose input is a text: only chat vendors have them. */
  private readonly customCalls: Document[] = []
  /** Sources that came before the text that they belong to. */
  private readonly citations: Citation[] = []
  private reason: unknown
  private sequence: unknown
  private hasRefusal = false

  constructor(private readonly choice: number) {}

  read(document: Document, events: ReplyEvent[]): void {
    const delta = asObject(document['delta']) ?? asObject(document['message']) ?? {}
    const logprobs = readLogprobs(document)
    this.readReasoning(delta, events)
    this.readContent(delta['content'], logprobs, events)
    const refusal = asText(delta['refusal'])
    if (refusal !== undefined && refusal !== '') {
      this.hasRefusal = true
      this.flow('refusal', refusal, events, logprobs)
    }
    for (const call of objectsOf(delta['tool_calls'])) this.readCall(call, events)
    const call = asObject(delta['function_call'])
    if (call && (asText(call['name']) ?? asText(call['arguments'])))
      this.readCall({ index: 0, function: call }, events)
    this.citations.push(...readAnnotations(delta))
    this.cite(events)
    const reason = asText(document['finish_reason'])
    if (reason !== undefined && reason !== '') this.reason = reason
    this.sequence = document['stop_reason'] ?? this.sequence
  }

  end(events: ReplyEvent[]): void {
    this.close(events)
    const calls = this.calls.filter(Boolean)
    for (const call of calls) {
      if (call.part === undefined) throw new Error('a tool call of its stream has no name.')
      this.closeCall(call, events)
    }
    for (const call of this.customCalls.filter(Boolean)) {
      const native = { type: 'native' as const, dialect: 'openai-chat' as const, name: 'custom', value: call }
      const part = this.parts++
      events.push({ type: 'part_start', choice: this.choice, part, start: { type: 'native', native } })
      events.push({ type: 'part_end', choice: this.choice, part })
    }
    const held = { calls: calls.length > 0, refusal: this.hasRefusal }
    events.push({ type: 'stop', choice: this.choice, stop: readStop(this.reason, this.sequence, held) })
  }

  private readReasoning(delta: Document, events: ReplyEvent[]): void {
    const details = objectsOf(delta['reasoning_details'])
    const hasText = details.some((detail) => detailText(detail) !== '')
    for (const detail of details) this.readDetail(detail, events)
    const text = plainText(delta)
    if (!hasText && text !== '') this.flow('reasoning', text, events)
  }

  private readDetail(detail: Document, events: ReplyEvent[]): void {
    const text = detailText(detail)
    const isHidden = detail['type'] === 'reasoning.encrypted'
    if (text === '' && !isHidden && !asText(detail['signature'])) return
    const key = isHidden ? detail : (detail['index'] ?? detail['id'] ?? 0)
    this.flow('reasoning', text, events, undefined, key, detail['type'] === 'reasoning.summary')
    if (this.flowing) this.flowing.detail = { ...this.flowing.detail, ...detail }
  }

  private readContent(content: unknown, logprobs: Document | undefined, events: ReplyEvent[]): void {
    if (typeof content === 'string') {
      if (content !== '' || (logprobs && this.flowing?.type === 'text'))
        this.flow('text', content, events, logprobs)
      return
    }
    for (const part of objectsOf(content)) {
      const isThinking = part['type'] === 'thinking'
      const text = isThinking ? thinkingText(part) : (asText(part['text']) ?? '')
      if (text !== '') this.flow(isThinking ? 'reasoning' : 'text', text, events)
    }
  }

  private flow(
    type: Flowing,
    text: string,
    events: ReplyEvent[],
    logprobs?: Document,
    key?: unknown,
    isSummary = false,
  ): void {
    const { choice } = this
    if (this.flowing?.type !== type || this.flowing.key !== key) {
      this.close(events)
      const part = this.parts++
      this.flowing = { type, part, key }
      events.push({ type: 'part_start', choice, part, start: { type, ...(isSummary && { isSummary }) } })
    }
    const { part } = this.flowing
    if (text !== '' || logprobs)
      events.push({ type: 'text', choice, part, text, ...(logprobs && { logprobs }) })
  }

  private cite(events: ReplyEvent[]): void {
    if (this.flowing?.type !== 'text') return
    const { part } = this.flowing
    for (const citation of this.citations.splice(0))
      events.push({ type: 'citation', choice: this.choice, part, citation })
  }

  private close(events: ReplyEvent[]): void {
    if (!this.flowing) return
    const { choice } = this
    const { type, part, detail } = this.flowing
    if (type === 'reasoning') {
      const signature = detail ? ownSignature(detail) : { by: 'openai-chat' as const, value: '' }
      events.push({ type: 'signature', choice, part, signature })
    }
    events.push({ type: 'part_end', choice, part })
    this.flowing = undefined
  }

  private readCall(call: Document, events: ReplyEvent[]): void {
    const found = asObject(call['function'])
    if (!found) return this.readCustomCall(call)
    const open = this.callOf(call, found)
    open.name ||= asText(found['name']) ?? ''
    open.text += argumentsText(found['arguments'])
    const { choice } = this
    if (open.part === undefined) {
      if (open.name === '') return
      this.close(events)
      this.closeWhole(events)
      open.part = this.parts++
      const signature = callSignature(call)
      const start = {
        type: 'tool_call' as const,
        id: open.id,
        name: open.name,
        ...(signature && { signature }),
      }
      events.push({ type: 'part_start', choice, part: open.part, start })
      if (open.text !== '') events.push({ type: 'arguments', choice, part: open.part, json: open.text })
      return
    }
    const json = argumentsText(found['arguments'])
    // Some models go on with white space after JSON that was whole.
    if (json === '' || (!open.isOpen && json.trim() === '')) return
    if (!open.isOpen) throw new Error('a tool call of its stream goes on after its end.')
    events.push({ type: 'arguments', choice, part: open.part, json })
  }

  private readCustomCall(call: Document): void {
    const custom = asObject(call['custom'])
    const index = asNumber(call['index']) ?? 0
    if (!custom || !Number.isInteger(index) || index < 0 || index > 1_000) return
    const known = this.customCalls[index]
    const begun = asObject(known?.['custom'])
    const input = `${asText(begun?.['input']) ?? ''}${asText(custom['input']) ?? ''}`
    const { index: _index, ...rest } = { ...known, ...call }
    this.customCalls[index] = { ...rest, custom: { ...begun, ...custom, input } }
  }

  /** Imitators leave out the index, or give every call the same one: then its id tells calls apart, or that it has a name. */
  private callOf(call: Document, found: Document): OpenCall {
    const id = asText(call['id']) ?? ''
    const index = asNumber(call['index'])
    if (index !== undefined && (!Number.isInteger(index) || index < 0 || index > 1_000))
      throw new Error('a tool call of its stream has no sane index.')
    const named = (asText(found['name']) ?? '') !== ''
    const known = index === undefined ? this.calls.at(-1) : this.calls[index]
    const isOther = known && named && (id === '' ? known.text !== '' && index === undefined : known.id !== id)
    if (known && !isOther) return known
    const open = { id: id === '' ? newCallId() : id, part: undefined, name: '', text: '', isOpen: true }
    if (known || index === undefined) this.calls.push(open)
    else this.calls[index] = open
    return open
  }

  /** A call whose JSON is whole is over when the next one begins. */
  private closeWhole(events: ReplyEvent[]): void {
    for (const call of this.calls)
      if (call?.isOpen && call.part !== undefined && parseObject(call.text)) this.closeCall(call, events)
  }

  private closeCall(call: OpenCall, events: ReplyEvent[]): void {
    if (!call.isOpen || call.part === undefined) return
    call.isOpen = false
    events.push({ type: 'part_end', choice: this.choice, part: call.part })
  }
}
