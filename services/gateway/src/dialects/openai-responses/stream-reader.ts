import type { Part } from '../../conversation/conversation.js'
import type { Document, StreamReader } from '../../conversation/dialect.js'
import { asNumber, asObject, asText, objectsOf, parseEventData } from '../../conversation/json.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { SseReader } from '../../conversation/sse.js'
import { readAnnotation } from './annotation.js'
import { readFailure } from './errors.js'
import { readContentPart, readHead, readItem, readStop } from './reply-reader.js'
import { readResponseUsage } from './usage.js'

/** A part of the answer, by the vendor's place of it. */
interface Open {
  part: number
  type: PartStart['type']
  isOpen: boolean
  /** Something of it has come: its whole is then not told again. */
  hasContent: boolean
}

/**
 * Reads a stream of the Responses API. What its deltas left out (some vendors send few, or none) is
 * taken from the whole that ends a part or an item; events that nobody knows are passed over.
 */
export class ResponsesStreamReader implements StreamReader {
  private readonly sse = new SseReader()
  /** By item and content part, as `0/1`. */
  private readonly places = new Map<string, Open>()
  private readonly itemsDone = new Set<number>()
  private readonly parts: Pick<Part, 'type'>[] = []
  private isBegun = false
  private isOver = false
  private events: ReplyEvent[] = []

  push(chunk: Buffer): ReplyEvent[] {
    this.events = []
    for (const { event, data } of this.sse.push(chunk)) {
      if (this.isOver || data === '[DONE]') continue
      const document = parseEventData(data)
      if (!document) throw new Error('An event of the stream is not a JSON object.')
      this.read(asText(document['type']) ?? event, document)
    }
    return this.events
  }

  private read(type: string, document: Document): void {
    if (type === 'error' || type === 'response.failed' || (type === '' && document['error'])) {
      this.events.push({ type: 'error', error: readFailure(document) })
      this.isOver = true
      return
    }
    this.begin(asObject(document['response']))
    const at = asNumber(document['output_index']) ?? 0
    const place = `${at}/${asNumber(document['content_index']) ?? 0}`
    const delta = asText(document['delta']) ?? ''
    switch (type) {
      case 'response.output_item.added':
        return this.addItem(at, asObject(document['item']) ?? {})
      case 'response.output_item.done':
        return this.endItem(at, asObject(document['item']) ?? {})
      case 'response.content_part.added':
        return this.addContent(place, asObject(document['part']))
      case 'response.content_part.done':
        return this.endContent(place, asObject(document['part']) ?? {})
      case 'response.output_text.delta':
        return this.addText(place, 'text', delta, objectsOf(document['logprobs']))
      case 'response.refusal.delta':
        return this.addText(place, 'refusal', delta)
      case 'response.output_text.annotation.added':
        return this.cite(place, asObject(document['annotation']) ?? {})
      case 'response.reasoning_summary_part.added':
        return this.addSummary(`${at}/0`)
      case 'response.reasoning_summary_text.delta':
        return this.addText(`${at}/0`, 'summary', delta)
      case 'response.reasoning_text.delta':
        return this.addText(`${at}/0`, 'reasoning', delta)
      case 'response.function_call_arguments.delta':
        return this.addArguments(at, delta)
      case 'response.custom_tool_call_input.delta':
        return this.addArguments(at, JSON.stringify(delta).slice(1, -1), '{"input":"')
      case 'response.completed':
      case 'response.incomplete':
        return this.end(asObject(document['response']) ?? {})
      default:
    }
  }

  private begin(response: Document | undefined): void {
    if (this.isBegun) return
    this.isBegun = true
    this.events.push({ type: 'start', ...readHead(response ?? {}) })
  }

  private addItem(at: number, item: Document): void {
    if (item['type'] !== 'function_call' && item['type'] !== 'custom_tool_call') return
    const id = asText(item['call_id']) ?? asText(item['id']) ?? ''
    this.open(`${at}/0`, { type: 'tool_call', id, name: asText(item['name']) ?? '' })
  }

  private addContent(place: string, part: Document | undefined): void {
    if (part?.['type'] === 'output_text') this.open(place, { type: 'text' })
    else if (part?.['type'] === 'refusal') this.open(place, { type: 'refusal' })
  }

  private addText(
    place: string,
    type: 'text' | 'refusal' | 'summary' | 'reasoning',
    text: string,
    logprobs?: Document[],
  ) {
    const open = this.isOpen(place) ? this.placeOf(place) : this.open(place, startOf(type))
    if (text === '') return
    open.hasContent = true
    this.events.push({
      type: 'text',
      choice: 0,
      part: open.part,
      text,
      ...(logprobs && logprobs.length > 0 && { logprobs: { content: logprobs, refusal: null } }),
    })
  }

  /** Summaries of one thought are one part here, as paragraphs. */
  private addSummary(place: string): void {
    if (this.isOpen(place) && this.placeOf(place).hasContent) this.addText(place, 'summary', '\n\n')
  }

  private addArguments(at: number, json: string, head = ''): void {
    const open = this.places.get(`${at}/0`)
    if (!open?.isOpen) throw new Error('The stream has arguments of a call that is not under way.')
    this.events.push({
      type: 'arguments',
      choice: 0,
      part: open.part,
      json: open.hasContent ? json : head + json,
    })
    open.hasContent = true
  }

  private cite(place: string, annotation: Document): void {
    if (!this.isOpen(place)) this.open(place, { type: 'text' })
    const { part } = this.placeOf(place)
    this.events.push({ type: 'citation', choice: 0, part, citation: readAnnotation(annotation) })
  }

  private endContent(place: string, whole: Document): void {
    const open = this.places.get(place)
    if (open && !open.isOpen) return
    if (!open?.hasContent) this.addWhole(place, readContentPart(whole))
    this.close(place)
  }

  private endItem(at: number, item: Document): void {
    this.itemsDone.add(at)
    const type = asText(item['type'])
    if (type === 'message') {
      for (const [index, part] of objectsOf(item['content']).entries())
        this.endContent(`${at}/${index}`, part)
      return
    }
    const place = `${at}/0`
    const open = this.places.get(place)
    if (open && !open.isOpen) return
    for (const part of readItem(item)) {
      if (open && part.type === 'tool_call' && open.hasContent) {
        if (type === 'custom_tool_call') this.addArguments(at, '"}')
      } else if (!open?.hasContent) this.addWhole(place, part)
      const told = this.places.get(place)
      if (part.type === 'reasoning' && part.signature && told?.isOpen && told.type === 'reasoning') {
        this.events.push({ type: 'signature', choice: 0, part: told.part, signature: part.signature })
      }
    }
    this.close(place)
  }

  /** A part of which no piece has come. */
  private addWhole(place: string, part: Part): void {
    switch (part.type) {
      case 'text':
      case 'refusal':
        this.addText(place, part.type, part.text)
        for (const citation of part.type === 'text' ? (part.citations ?? []) : []) {
          this.events.push({ type: 'citation', choice: 0, part: this.placeOf(place).part, citation })
        }
        return
      case 'reasoning':
        return this.addText(place, part.isSummary === true ? 'summary' : 'reasoning', part.text)
      case 'tool_call': {
        const open = this.isOpen(place) ? this.placeOf(place) : this.open(place, part)
        if (part.arguments === '') return
        this.events.push({ type: 'arguments', choice: 0, part: open.part, json: part.arguments })
        open.hasContent = true
        return
      }
      case 'native':
        this.open(place, { type: 'native', native: part })
        return
      default:
    }
  }

  private end(response: Document): void {
    for (const [at, item] of objectsOf(response['output']).entries()) {
      if (!this.itemsDone.has(at)) this.endItem(at, item)
    }
    for (const place of this.places.keys()) this.close(place)
    const usage = readResponseUsage(response)
    const serviceTier = asText(response['service_tier'])
    if (usage) this.events.push({ type: 'usage', usage, ...(serviceTier !== undefined && { serviceTier }) })
    this.events.push({ type: 'stop', choice: 0, stop: readStop(response, this.parts) }, { type: 'end' })
    this.isOver = true
  }

  private isOpen(place: string): boolean {
    return this.places.get(place)?.isOpen === true
  }

  private placeOf(place: string): Open {
    const open = this.places.get(place)
    if (!open) throw new Error('The stream tells of a part that has not begun.')
    return open
  }

  private open(place: string, start: PartStart): Open {
    for (const [other, { isOpen, type }] of this.places) {
      if (isOpen && (start.type !== 'tool_call' || type !== 'tool_call')) this.close(other)
    }
    const { id, name, signature } = start as Extract<PartStart, { type: 'tool_call' }>
    const own =
      start.type === 'tool_call' ? { type: start.type, id, name, ...(signature && { signature }) } : start
    const open = { part: this.parts.length, type: start.type, isOpen: true, hasContent: false }
    this.places.set(place, open)
    this.parts.push({ type: start.type })
    this.events.push({ type: 'part_start', choice: 0, part: open.part, start: own })
    return open
  }

  private close(place: string): void {
    const open = this.places.get(place)
    if (!open?.isOpen) return
    open.isOpen = false
    this.events.push({ type: 'part_end', choice: 0, part: open.part })
  }
}

function startOf(type: 'text' | 'refusal' | 'summary' | 'reasoning'): PartStart {
  if (type === 'summary') return { type: 'reasoning', isSummary: true }
  return { type }
}
