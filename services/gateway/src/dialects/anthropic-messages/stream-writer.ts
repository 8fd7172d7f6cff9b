import type { Document, Naming, StreamWriter } from '../../conversation/dialect.js'
import type { PartStart, ReplyEvent, Stop } from '../../conversation/reply.js'
import { sealSignature } from '../../conversation/signature.js'
import { sseEvent } from '../../conversation/sse.js'
import type { Usage } from '../../inference/usage.js'
import { writeError } from './errors.js'
import { readInput, writeCall, writeCitation, writeHead } from './reply-writer.js'
import { writeStop } from './stop.js'
import { writeDeltaUsage, writeUsage } from './usage.js'

type PartEvent = Extract<ReplyEvent, { part: number }>

interface OpenPart {
  start: PartStart
  /** Of its block; undefined: it has none yet. */
  index: number | undefined
  json: string
  /** What came while another block was open. */
  waiting: PartEvent[]
  hasEnded: boolean
}

/**
 * Writes a stream of the Messages API. Its blocks come one after the other: what belongs to a part
 * while another one is open waits.
 */
export class MessageStreamWriter implements StreamWriter {
  private readonly parts = new Map<number, OpenPart>()
  /** The part whose block is open. */
  private open: number | undefined
  private blocks = 0
  private usage: Usage | undefined
  private stop: Stop = { reason: 'end' }
  private refusal = ''
  private readonly inputs: string[] = []

  constructor(private readonly naming: Naming) {}

  write(event: ReplyEvent): string {
    switch (event.type) {
      case 'start':
        this.usage = event.usage
        return this.begin(event.id)
      case 'usage':
        this.usage = event.usage
        return ''
      case 'stop': {
        if (event.choice !== 0) return ''
        this.stop = event.stop
        for (const input of this.inputs) readInput(input, event.stop)
        return ''
      }
      case 'end':
        return this.end()
      case 'error':
        return tell(writeError(event.error))
      default:
        return event.choice === 0 ? this.writePart(event) : ''
    }
  }

  private begin(id: string): string {
    const message = {
      ...writeHead(id, this.naming.model),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      usage: writeUsage(this.usage),
    }
    return tell({ type: 'message_start', message })
  }

  private writePart(event: PartEvent): string {
    if (event.type === 'part_start') {
      const part: OpenPart = { start: event.start, index: undefined, json: '', waiting: [], hasEnded: false }
      this.parts.set(event.part, part)
      return this.open === undefined ? this.startBlock(event.part, part) : ''
    }
    const part = this.parts.get(event.part)
    if (!part) return ''
    if (this.open !== event.part) {
      part.waiting.push(event)
      return ''
    }
    return this.writePiece(event, part)
  }

  private writePiece(event: PartEvent, part: OpenPart): string {
    const { index, start } = part
    switch (event.type) {
      case 'part_start':
        return ''
      case 'text':
        return this.writeText(event.text, part)
      case 'citation':
        return writeCitation(event.citation)
          .map((citation) => delta(index, { type: 'citations_delta', citation }))
          .join('')
      case 'arguments':
        part.json += event.json
        return delta(index, { type: 'input_json_delta', partial_json: event.json })
      case 'signature': {
        const { signature } = event
        const value = signature.by === 'anthropic-messages' ? signature.value : sealSignature(signature)
        if (start.type !== 'reasoning') return ''
        // Hidden reasoning is a block of another kind, which is whole where it begins.
        if (index === undefined) {
          part.index = this.blocks++
          if (signature.isHidden) return begin(part.index, { type: 'redacted_thinking', data: value })
          return (
            begin(part.index, thinking) + delta(part.index, { type: 'signature_delta', signature: value })
          )
        }
        return delta(index, { type: 'signature_delta', signature: value })
      }
      case 'part_end':
        return this.endBlock(event.part, part)
    }
  }

  private writeText(text: string, part: OpenPart): string {
    if (text === '') return ''
    switch (part.start.type) {
      case 'reasoning': {
        const isNew = part.index === undefined
        const index = (part.index ??= this.blocks++)
        return (
          (isNew ? begin(index, thinking) : '') + delta(index, { type: 'thinking_delta', thinking: text })
        )
      }
      case 'refusal':
        this.refusal += text
        return delta(part.index, { type: 'text_delta', text })
      case 'text':
        return delta(part.index, { type: 'text_delta', text })
      case 'tool_call':
      case 'native':
        return ''
    }
  }

  /** Reasoning waits for its first piece: whether it is hidden decides what it is. */
  private startBlock(number: number, part: OpenPart): string {
    this.open = number
    const value = blockOf(part.start)
    if (!value) return ''
    part.index = this.blocks++
    return begin(part.index, value)
  }

  private endBlock(number: number, part: OpenPart): string {
    if (part.start.type === 'tool_call') this.inputs.push(part.json)
    this.parts.delete(number)
    this.open = undefined
    let written = part.index === undefined ? '' : tell({ type: 'content_block_stop', index: part.index })
    // The next one that has begun meanwhile, with all that came of it.
    const [next] = this.parts
    if (!next) return written
    const [waitingNumber, waiting] = next
    written += this.startBlock(waitingNumber, waiting)
    for (const event of waiting.waiting.splice(0)) {
      if (event.type === 'part_end') return written + this.endBlock(waitingNumber, waiting)
      written += this.writePiece(event, waiting)
    }
    return written
  }

  private end(): string {
    const { stop_reason, stop_sequence, stop_details } = writeStop(this.stop, this.refusal)
    const end = {
      type: 'message_delta',
      delta: { container: null, stop_details, stop_reason, stop_sequence },
      usage: writeDeltaUsage(this.usage),
    }
    return tell(end) + tell({ type: 'message_stop' })
  }
}

const thinking = { type: 'thinking', thinking: '', signature: '' }

function blockOf(start: PartStart): Document | undefined {
  switch (start.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '', citations: null }
    case 'tool_call':
      return writeCall(start)
    case 'native':
      return start.native.dialect === 'anthropic-messages' ? start.native.value : undefined
    case 'reasoning':
      return undefined
  }
}

const tell = (value: Document): string => sseEvent(JSON.stringify(value), String(value['type']))

const begin = (index: number, block: Document): string =>
  tell({ type: 'content_block_start', index, content_block: block })

const delta = (index: number | undefined, value: Document): string =>
  index === undefined ? '' : tell({ type: 'content_block_delta', index, delta: value })
