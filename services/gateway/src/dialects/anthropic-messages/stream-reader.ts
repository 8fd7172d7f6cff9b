import type { Document, StreamReader } from '../../conversation/dialect.js'
import { asNumber, asObject, asText, parseEventData, parseObject } from '../../conversation/json.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { splitCallId } from '../../conversation/signature.js'
import { SseReader, type ServerSentEvent } from '../../conversation/sse.js'
import { readCitation, readSignature } from './content-reader.js'
import { readStreamError } from './errors.js'
import { readTier } from './reply-reader.js'
import { readStop } from './stop.js'
import { mergeUsage, readUsage } from './usage.js'

const dialect = 'anthropic-messages'

/** A block that has begun and not ended. */
interface OpenBlock {
  part: number
  type: 'text' | 'thinking' | 'tool_use' | 'native'
  /** As it began. */
  value: Document
  /** JSON of its input so far. */
  json: string
}

/** Reads a stream of the Messages API. Events and blocks that it does not know are never an error. */
export class MessageStreamReader implements StreamReader {
  private readonly sse = new SseReader()
  private readonly blocks: (OpenBlock | undefined)[] = []
  private usage: Document = {}
  private parts = 0
  private calls = 0
  private hasBegun = false
  private hasStopped = false
  private isOver = false
  /** A call whose JSON is not whole: only an answer that was cut short may have one. */
  private brokenCall = false

  push(chunk: Buffer): ReplyEvent[] {
    const events: ReplyEvent[] = []
    for (const event of this.sse.push(chunk)) if (!this.isOver) this.read(event, events)
    return events
  }

  private read({ data }: ServerSentEvent, events: ReplyEvent[]): void {
    const document = parseEventData(data)
    if (!document) throw new Error('an event of its stream is not JSON.')
    const type = document['type']
    if (type === 'error') {
      this.isOver = true
      events.push({ type: 'error', error: readStreamError(document) })
    } else if (type === 'message_start') {
      this.begin(document, events)
    } else if (
      type === 'content_block_start' ||
      type === 'content_block_delta' ||
      type === 'content_block_stop'
    ) {
      if (!this.hasBegun) throw new Error('its stream has content before its start.')
      this.readBlockEvent(type, document, events)
    } else if (type === 'message_delta') {
      this.readEnd(document, events)
    } else if (type === 'message_stop') {
      this.end(events)
    }
  }

  private begin(document: Document, events: ReplyEvent[]): void {
    if (this.hasBegun) throw new Error('its stream begins twice.')
    this.hasBegun = true
    const message = asObject(document['message']) ?? {}
    this.usage = asObject(message['usage']) ?? {}
    const usage = readUsage(this.usage)
    const serviceTier = readTier(this.usage)
    events.push({
      type: 'start',
      id: asText(message['id']) ?? '',
      model: asText(message['model']) ?? '',
      created: Math.floor(Date.now() / 1000),
      ...(usage && { usage }),
      ...(serviceTier !== undefined && { serviceTier }),
    })
  }

  private readBlockEvent(type: string, document: Document, events: ReplyEvent[]): void {
    const index = asNumber(document['index'])
    if (index === undefined || !Number.isInteger(index) || index < 0 || index > 10_000)
      throw new Error('a block of its stream has no sane index.')
    if (type === 'content_block_start')
      return this.startBlock(index, asObject(document['content_block']) ?? {}, events)
    const block = this.blocks[index]
    if (!block) throw new Error('its stream goes on with a block that has not begun.')
    if (type === 'content_block_delta')
      return this.readDelta(block, asObject(document['delta']) ?? {}, events)
    this.blocks[index] = undefined
    this.endBlock(block, events)
  }

  private startBlock(index: number, value: Document, events: ReplyEvent[]): void {
    if (this.blocks[index]) throw new Error('its stream begins a block that has begun.')
    const part = this.parts++
    const start = startOf(value)
    const type =
      start === undefined
        ? 'native'
        : start.type === 'text'
          ? 'text'
          : start.type === 'tool_call'
            ? 'tool_use'
            : 'thinking'
    const block: OpenBlock = { part, type, value, json: '' }
    this.blocks[index] = block
    if (!start) return
    if (start.type === 'tool_call') this.calls++
    events.push({ type: 'part_start', choice: 0, part, start })
    // Nearly always empty: but what stands here already is part of the answer.
    const text = asText(value['text']) ?? asText(value['thinking']) ?? ''
    if (text !== '') events.push({ type: 'text', choice: 0, part, text })
    const input = asObject(value['input'])
    if (type === 'tool_use' && input && Object.keys(input).length > 0)
      this.addJson(block, JSON.stringify(input), events)
    const isHidden = value['type'] === 'redacted_thinking'
    this.sign(block, asText(isHidden ? value['data'] : value['signature']), isHidden, events)
  }

  private readDelta(block: OpenBlock, delta: Document, events: ReplyEvent[]): void {
    const { part } = block
    switch (delta['type']) {
      case 'text_delta':
      case 'thinking_delta': {
        const text = asText(delta['text']) ?? asText(delta['thinking']) ?? ''
        if (text !== '' && block.type !== 'native') events.push({ type: 'text', choice: 0, part, text })
        return
      }
      case 'input_json_delta':
        return this.addJson(block, asText(delta['partial_json']) ?? '', events)
      case 'signature_delta':
        return this.sign(block, asText(delta['signature']), false, events)
      case 'citations_delta': {
        const citation = asObject(delta['citation'])
        if (citation && block.type === 'text')
          events.push({ type: 'citation', choice: 0, part, citation: readCitation(citation) })
        return
      }
      case 'compaction_delta':
        block.value = { ...block.value, content: delta['content'] }
    }
  }

  private addJson(block: OpenBlock, json: string, events: ReplyEvent[]): void {
    block.json += json
    if (block.type === 'tool_use' && json !== '')
      events.push({ type: 'arguments', choice: 0, part: block.part, json })
  }

  private sign(block: OpenBlock, value: string | undefined, isHidden: boolean, events: ReplyEvent[]): void {
    const signature = block.type === 'thinking' ? readSignature(value, isHidden) : undefined
    if (signature) events.push({ type: 'signature', choice: 0, part: block.part, signature })
  }

  private endBlock({ part, type, value, json }: OpenBlock, events: ReplyEvent[]): void {
    if (type === 'native') {
      const whole = json === '' ? value : { ...value, input: parseObject(json) ?? {} }
      const name = asText(value['type']) ?? 'block'
      const native = { type: 'native' as const, dialect: dialect as typeof dialect, name, value: whole }
      events.push({ type: 'part_start', choice: 0, part, start: { type: 'native', native } })
    }
    if (type === 'tool_use' && json !== '' && !parseObject(json)) this.brokenCall = true
    events.push({ type: 'part_end', choice: 0, part })
  }

  private readEnd(document: Document, events: ReplyEvent[]): void {
    this.usage = mergeUsage(this.usage, asObject(document['usage']) ?? {})
    const usage = readUsage(this.usage)
    if (usage) events.push({ type: 'usage', usage })
    const delta = asObject(document['delta']) ?? {}
    if ((delta['stop_reason'] ?? null) === null || this.hasStopped) return
    this.stop(delta, events)
  }

  private stop(delta: Document, events: ReplyEvent[]): void {
    this.hasStopped = true
    if (this.blocks.some((block) => block !== undefined)) throw new Error('its stream ended amidst a block.')
    const stop = readStop(delta, this.calls > 0)
    if (this.brokenCall && stop.reason !== 'length' && stop.reason !== 'context')
      throw new Error('the arguments of a tool call of its stream are no JSON object.')
    events.push({ type: 'stop', choice: 0, stop })
  }

  private end(events: ReplyEvent[]): void {
    if (!this.hasBegun) throw new Error('its stream ended before it began.')
    if (!this.hasStopped) this.stop({}, events)
    this.isOver = true
    events.push({ type: 'end' })
  }
}

/** How a block begins; undefined: only Anthropic understands it. */
function startOf(block: Document): PartStart | undefined {
  switch (block['type']) {
    case 'text':
      return { type: 'text' }
    case 'thinking':
    case 'redacted_thinking':
      return { type: 'reasoning' }
    case 'tool_use': {
      const name = asText(block['name'])
      if (name === undefined || name === '') throw new Error('a tool call of its stream has no name.')
      return { type: 'tool_call', ...splitCallId(asText(block['id']) ?? ''), name }
    }
    default:
      return undefined
  }
}
