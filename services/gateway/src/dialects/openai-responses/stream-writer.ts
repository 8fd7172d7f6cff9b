import type { Document, Naming, StreamWriter } from '../../conversation/dialect.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { joinCallId } from '../../conversation/signature.js'
import { sseEvent } from '../../conversation/sse.js'
import { writeAnnotation } from './annotation.js'
import { writeFailureCode } from './errors.js'
import { inputOfArguments } from './custom-tool.js'
import {
  callItem,
  messageItem,
  nativeItem,
  outputLogprobs,
  outputText,
  reasoningItem,
} from './output-item.js'
import { isIncomplete, newId, responseId, writeResponse, type ResponseState } from './response-object.js'
import { formOf, toolForms, type ToolForm } from './tool-form.js'

type Of<T extends ReplyEvent['type']> = Extract<ReplyEvent, { type: T }>

/** A message that is being written. */
interface Message {
  id: string
  at: number
  content: Document[]
}

/** A part that is being written. */
type Open =
  | {
      kind: 'text' | 'refusal'
      message: Message
      contentIndex: number
      text: string
      annotations: unknown[]
      logprobs: unknown[]
    }
  | { kind: 'reasoning'; id: string; at: number; text: string; signature?: Of<'signature'>['signature'] }
  | {
      kind: 'call'
      id: string
      at: number
      callId: string
      form: ToolForm
      arguments: string
    }

/** Writes a stream of the Responses API: every event that OpenAI's has, numbered, in its order. */
export class ResponsesStreamWriter implements StreamWriter {
  private readonly forms: Map<string, ToolForm>
  private readonly state: ResponseState = { head: { id: '', created: 0 }, output: [] }
  private readonly open = new Map<number, Open>()
  private message: Message | undefined
  nextSequence = 0
  private written = ''

  constructor(
    private readonly naming: Naming,
    private readonly request: Document,
  ) {
    this.forms = toolForms(request)
  }

  write(event: ReplyEvent): string {
    this.written = ''
    // A response has one choice.
    if (!('choice' in event) || event.choice === 0) this.take(event)
    return this.written
  }

  private take(event: ReplyEvent): void {
    switch (event.type) {
      case 'start':
        return this.start(event)
      case 'part_start':
        return this.startPart(event.part, event.start)
      case 'text':
        return this.addText(event)
      case 'citation':
        return this.addCitation(event)
      case 'arguments':
        return this.addArguments(event)
      case 'signature': {
        const open = this.open.get(event.part)
        if (open?.kind === 'reasoning') open.signature = event.signature
        return
      }
      case 'part_end':
        return this.endPart(event.part)
      case 'usage':
        this.state.usage = event.usage
        this.state.serviceTier = event.serviceTier ?? this.state.serviceTier
        return
      case 'stop':
        this.state.stop = event.stop
        for (const part of this.open.keys()) this.endPart(part)
        return this.endMessage(isIncomplete(event.stop))
      case 'end':
        this.state.stop ??= { reason: 'end' }
        this.endMessage(false)
        return this.emitResponse(isIncomplete(this.state.stop) ? 'response.incomplete' : 'response.completed')
      case 'error':
        if (this.state.head.id === '') this.start({ id: '', created: Math.floor(Date.now() / 1000) })
        this.state.error = event.error
        // OpenAI sends both: its SDKs throw at the first, other clients wait for the second.
        this.emit('error', { code: writeFailureCode(event.error), message: event.error.message, param: null })
        return this.emitResponse('response.failed')
    }
  }

  private start(event: Pick<Of<'start'>, 'id' | 'created' | 'usage' | 'serviceTier'>): void {
    this.state.head = { id: responseId(event.id), created: event.created }
    this.state.serviceTier = event.serviceTier
    this.emitResponse('response.created')
    this.emitResponse('response.in_progress')
    this.state.usage = event.usage
  }

  private startPart(part: number, start: PartStart): void {
    if (start.type === 'text' || start.type === 'refusal') return this.startWords(part, start.type)
    if (start.type === 'native') {
      const item = nativeItem(start.native)
      if (item) this.emitWhole(item)
      return
    }
    this.endMessage(false)
    const at = this.state.output.length
    if (start.type === 'reasoning') {
      const id = newId('rs')
      this.open.set(part, { kind: 'reasoning', id, at, text: '' })
      return this.addItem(reasoningItem(id, { text: '' }))
    }
    const form = formOf(this.forms, start.name)
    const id = newId(form.isCustom ? 'ctc' : 'fc')
    const call = { callId: joinCallId(start.id, start.signature), arguments: '' }
    this.open.set(part, { kind: 'call', id, at, form, ...call })
    this.addItem(callItem(id, call, { form, status: 'in_progress' }))
  }

  private startWords(part: number, kind: 'text' | 'refusal'): void {
    let { message } = this
    if (!message) {
      message = { id: newId('msg'), at: this.state.output.length, content: [] }
      this.message = message
      this.addItem(messageItem(message.id, [], 'in_progress'))
    }
    const contentIndex = message.content.length
    const empty = kind === 'text' ? outputText('', [], []) : { type: 'refusal', refusal: '' }
    message.content.push(empty)
    this.open.set(part, { kind, message, contentIndex, text: '', annotations: [], logprobs: [] })
    this.emit('response.content_part.added', { ...this.placeOf(message, contentIndex), part: empty })
  }

  private addText({ part, text, logprobs }: Of<'text'>): void {
    const open = this.open.get(part)
    if (!open || open.kind === 'call') return
    if (open.kind === 'reasoning') return this.addThought(open, text)
    open.text += text
    const place = this.placeOf(open.message, open.contentIndex)
    if (open.kind === 'refusal') return this.emit('response.refusal.delta', { ...place, delta: text })
    const told = outputLogprobs(logprobs)
    open.logprobs.push(...told)
    this.emit('response.output_text.delta', { ...place, delta: text, logprobs: told })
  }

  private addThought(open: Extract<Open, { kind: 'reasoning' }>, delta: string): void {
    if (delta === '') return
    const place = { item_id: open.id, output_index: open.at, summary_index: 0 }
    if (open.text === '') {
      const part = { type: 'summary_text', text: '' }
      this.emit('response.reasoning_summary_part.added', { ...place, part })
    }
    open.text += delta
    this.emit('response.reasoning_summary_text.delta', { ...place, delta })
  }

  private addCitation({ part, citation }: Of<'citation'>): void {
    const open = this.open.get(part)
    if (open?.kind !== 'text') return
    const annotation = writeAnnotation(citation, open.text.length)
    this.emit('response.output_text.annotation.added', {
      ...this.placeOf(open.message, open.contentIndex),
      annotation_index: open.annotations.length,
      annotation,
    })
    open.annotations.push(annotation)
  }

  private addArguments({ part, json }: Of<'arguments'>): void {
    const open = this.open.get(part)
    if (open?.kind !== 'call' || json === '') return
    open.arguments += json
    // Free text is known when its wrapping is whole.
    if (open.form.isCustom) return
    this.emit('response.function_call_arguments.delta', {
      item_id: open.id,
      output_index: open.at,
      delta: json,
    })
  }

  private endPart(part: number): void {
    const open = this.open.get(part)
    if (!open) return
    this.open.delete(part)
    if (open.kind === 'call') this.endCall(open)
    else if (open.kind === 'reasoning') this.endThought(open)
    else this.endWords(open)
  }

  private endWords(open: Extract<Open, { kind: 'text' | 'refusal' }>): void {
    const { kind, text, annotations, logprobs, message, contentIndex } = open
    const place = this.placeOf(message, contentIndex)
    const part =
      kind === 'text' ? outputText(text, annotations, logprobs) : { type: 'refusal', refusal: text }
    message.content[contentIndex] = part
    if (kind === 'text') this.emit('response.output_text.done', { ...place, text, logprobs })
    else this.emit('response.refusal.done', { ...place, refusal: text })
    this.emit('response.content_part.done', { ...place, part })
  }

  private endThought(open: Extract<Open, { kind: 'reasoning' }>): void {
    const { id, at, text, signature } = open
    const place = { item_id: id, output_index: at, summary_index: 0 }
    if (text !== '') {
      this.emit('response.reasoning_summary_text.done', { ...place, text })
      this.emit('response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text } })
    }
    // The item keeps the id that it was begun with.
    this.endItem(at, { ...reasoningItem(id, { text, ...(signature && { signature }) }), id })
  }

  private endCall(open: Extract<Open, { kind: 'call' }>): void {
    const { id, at, form } = open
    const place = { item_id: id, output_index: at }
    if (form.isCustom) {
      const input = inputOfArguments(open.arguments)
      this.emit('response.custom_tool_call_input.delta', { ...place, delta: input })
      this.emit('response.custom_tool_call_input.done', { ...place, input })
    } else {
      const { name } = form
      if (open.arguments === '') {
        open.arguments = '{}'
        this.emit('response.function_call_arguments.delta', { ...place, delta: '{}' })
      }
      this.emit('response.function_call_arguments.done', { ...place, name, arguments: open.arguments })
    }
    this.endItem(at, callItem(id, open, { form, status: 'completed' }))
  }

  private endMessage(isIncompleteMessage: boolean): void {
    const { message } = this
    if (!message) return
    this.message = undefined
    const status = isIncompleteMessage ? 'incomplete' : 'completed'
    this.endItem(message.at, messageItem(message.id, message.content, status))
  }

  private placeOf(message: Message, contentIndex: number) {
    return { item_id: message.id, output_index: message.at, content_index: contentIndex }
  }

  private addItem(item: Document): void {
    this.emit('response.output_item.added', { output_index: this.state.output.length, item })
    this.state.output.push(item)
  }

  private endItem(at: number, item: Document): void {
    this.state.output[at] = item
    this.emit('response.output_item.done', { output_index: at, item })
  }

  private emitWhole(item: Document): void {
    this.endMessage(false)
    const at = this.state.output.length
    this.addItem(item)
    this.endItem(at, item)
  }

  private emitResponse(type: string): void {
    this.emit(type, { response: writeResponse(this.state, this.naming, this.request) })
  }

  private emit(type: string, fields: Document): void {
    this.written += sseEvent(JSON.stringify({ type, sequence_number: this.nextSequence++, ...fields }), type)
  }
}
