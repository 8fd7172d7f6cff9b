import type { Document, StreamReader } from '../../conversation/dialect.js'
import {
  asNumber,
  asObject,
  asText,
  objectsOf,
  parseEventData,
  parseObject,
} from '../../conversation/json.js'
import type { PartStart, ReplyEvent } from '../../conversation/reply.js'
import { readCitation } from './citation.js'
import { readException } from './errors.js'
import { EventStreamReader, type EventStreamMessage } from './event-stream.js'
import { isServerUse, readComplaint, readStop } from './reply.js'
import { readDocumentUsage } from './usage.js'

/** A block that is being told. */
interface Block {
  part: number
  type: PartStart['type']
  isSigned?: boolean
  /** Of a native block, told whole at its end. */
  native?: { name: string; value: Document; json: string; results: Document[] }
}

/** Reads a stream of ConverseStream. Its last event is the metadata, after the message has stopped. */
export class ConverseStreamReader implements StreamReader {
  private readonly frames = new EventStreamReader()
  private readonly blocks = new Map<number, Block>()
  private parts = 0
  private hasCalls = false
  private isBegun = false
  private isStopped = false
  private hasMetadata = false
  private isOver = false
  private events: ReplyEvent[] = []

  push(chunk: Buffer): ReplyEvent[] {
    this.events = []
    for (const message of this.frames.push(chunk)) if (!this.isOver) this.readMessage(message)
    return this.events
  }

  private readMessage({ headers, payload }: EventStreamMessage): void {
    const kind = headers[':message-type'] ?? 'event'
    const document = parseEventData(payload.toString())
    if (kind !== 'event') {
      const name = headers[':exception-type'] ?? headers[':error-code'] ?? kind
      this.fail(name, document ?? { message: headers[':error-message'] ?? payload.toString() })
      return
    }
    if (!document) throw new Error('An event of the stream is not a JSON object.')
    this.read(headers[':event-type'] ?? '', document)
  }

  private fail(name: string, document: Document): void {
    this.events.push({ type: 'error', error: readException(name, document) })
    this.isOver = true
  }

  private read(type: string, document: Document): void {
    if (type.endsWith('Exception')) return this.fail(type, document)
    this.begin()
    const at = asNumber(document['contentBlockIndex']) ?? 0
    switch (type) {
      case 'contentBlockStart':
        return this.startBlock(at, asObject(document['start']) ?? {})
      case 'contentBlockDelta':
        return this.addDelta(at, asObject(document['delta']) ?? {})
      case 'contentBlockStop':
        return this.endBlock(at)
      case 'messageStop':
        return this.stop(document)
      case 'metadata':
        return this.readMetadata(document)
      default:
    }
  }

  private begin(): void {
    if (this.isBegun) return
    this.isBegun = true
    this.events.push({ type: 'start', id: '', model: '', created: Math.floor(Date.now() / 1000) })
  }

  private startBlock(at: number, start: Document): void {
    const use = asObject(start['toolUse'])
    if (use && !isServerUse(use)) {
      this.hasCalls = true
      const id = asText(use['toolUseId']) ?? ''
      this.open(at, { type: 'tool_call', id, name: asText(use['name']) ?? '' })
      return
    }
    const [name] = Object.keys(start)
    if (name === undefined || name === 'text') return
    const value = asObject(start[name]) ?? {}
    this.blocks.set(at, { part: -1, type: 'native', native: { name, value, json: '', results: [] } })
  }

  private addDelta(at: number, delta: Document): void {
    const native = this.blocks.get(at)?.native
    if (native) {
      native.json += asText(asObject(delta['toolUse'])?.['input']) ?? ''
      native.results.push(...objectsOf(delta['toolResult']))
      return
    }
    const text = asText(delta['text'])
    if (text !== undefined) return this.addText(at, 'text', text)
    const reasoning = asObject(delta['reasoningContent'])
    if (reasoning) return this.addReasoning(at, reasoning)
    const json = asText(asObject(delta['toolUse'])?.['input'])
    if (json !== undefined) {
      const block = this.blocks.get(at)
      if (block?.type !== 'tool_call')
        throw new Error('The stream has arguments of a call that is not under way.')
      if (json !== '') this.events.push({ type: 'arguments', choice: 0, part: block.part, json })
      return
    }
    const citation = asObject(delta['citation'])
    if (!citation) return
    const { part } = this.blockOf(at, { type: 'text' })
    this.events.push({ type: 'citation', choice: 0, part, citation: readCitation(citation) })
  }

  private addText(at: number, type: 'text' | 'reasoning', text: string): void {
    const { part } = this.blockOf(at, { type })
    if (text !== '') this.events.push({ type: 'text', choice: 0, part, text })
  }

  private addReasoning(at: number, reasoning: Document): void {
    const text = asText(reasoning['text'])
    if (text !== undefined) this.addText(at, 'reasoning', text)
    const hidden = asText(reasoning['redactedContent'])
    const value = hidden ?? asText(reasoning['signature'])
    if (!value) return
    const block = this.blockOf(at, { type: 'reasoning' })
    if (block.isSigned) return
    block.isSigned = true
    const signature = {
      by: 'bedrock-converse' as const,
      value,
      ...(hidden !== undefined && { isHidden: true }),
    }
    this.events.push({ type: 'signature', choice: 0, part: block.part, signature })
  }

  /** Blocks of text and of reasoning begin with their first piece. */
  private blockOf(at: number, start: PartStart): Block {
    const block = this.blocks.get(at)
    if (block?.type === start.type) return block
    if (block) this.endBlock(at)
    return this.open(at, start)
  }

  private open(at: number, start: PartStart): Block {
    for (const [other, { type }] of this.blocks) {
      if (type !== 'tool_call' || start.type !== 'tool_call') this.endBlock(other)
    }
    const block: Block = { part: this.parts++, type: start.type }
    this.blocks.set(at, block)
    this.events.push({ type: 'part_start', choice: 0, part: block.part, start })
    return block
  }

  private endBlock(at: number): void {
    const block = this.blocks.get(at)
    if (!block) return
    this.blocks.delete(at)
    if (block.native) return this.tellNative(block.native)
    this.events.push({ type: 'part_end', choice: 0, part: block.part })
  }

  private tellNative({ name, value, json, results }: NonNullable<Block['native']>): void {
    const whole = {
      ...value,
      ...(json !== '' && { input: parseObject(json) ?? json }),
      ...(results.length > 0 && { content: results }),
    }
    const part = this.parts++
    const native = { type: 'native', dialect: 'bedrock-converse', name, value: { [name]: whole } } as const
    this.events.push({ type: 'part_start', choice: 0, part, start: { type: 'native', native } })
    this.events.push({ type: 'part_end', choice: 0, part })
  }

  private stop(document: Document): void {
    if (this.isStopped) return
    for (const at of this.blocks.keys()) this.endBlock(at)
    const stop = readStop(document, this.hasCalls)
    const complaint = readComplaint(document, stop, this.parts === 0)
    if (complaint?.type === 'refusal') {
      const at = { choice: 0, part: this.parts++ }
      this.events.push({ type: 'part_start', ...at, start: { type: 'refusal' } })
      this.events.push({ type: 'text', ...at, text: complaint.text }, { type: 'part_end', ...at })
    }
    this.events.push({ type: 'stop', choice: 0, stop })
    this.isStopped = true
    this.end()
  }

  private readMetadata(document: Document): void {
    const usage = readDocumentUsage(document)
    const serviceTier = usage?.serviceTier
    if (usage) this.events.push({ type: 'usage', usage, ...(serviceTier !== undefined && { serviceTier }) })
    this.hasMetadata = true
    this.end()
  }

  private end(): void {
    if (!this.isStopped || !this.hasMetadata) return
    this.events.push({ type: 'end' })
    this.isOver = true
  }
}
