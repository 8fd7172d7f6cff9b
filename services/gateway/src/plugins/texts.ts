import type { Document } from '../conversation/dialect.js'
import { asObject, isRawNumber } from '../conversation/json.js'
import type { EndpointName, RequestDocument } from '../inference/endpoint.js'
import type { TextKind, TextSlot } from './plugin.js'

/** Where requests have what people or tools wrote. */
const writtenFields = [
  ...['messages', 'system', 'input', 'instructions', 'prompt', 'suffix', 'prediction', 'query', 'documents'],
  ...['user', 'metadata', 'safety_identifier'],
]

/** Where whole answers, and whole parts of them in a stream, have what the model wrote. */
const answeredFields = [
  'choices',
  'content',
  'output',
  'text',
  'arguments',
  'refusal',
  'part',
  'item',
  'content_block',
]

/** What names, points or frames, and is no text. */
const structural = new Set([
  ...['role', 'type', 'id', 'name', 'tool_call_id', 'call_id', 'tool_use_id', 'item_id', 'file_id', 'model'],
  ...['url', 'image_url', 'file_url', 'file_data', 'media_type', 'mime_type', 'detail', 'format', 'status'],
  ...[
    'signature',
    'encrypted_content',
    'cache_control',
    'finish_reason',
    'stop_reason',
    'object',
    'logprobs',
  ],
  ...['phase', 'caller', 'container', 'stop_sequence'],
])

const argumentFields = new Set(['arguments', 'input', 'partial_json'])
const reasoningFields = new Set(['reasoning_content', 'reasoning', 'reasoning_text', 'thinking', 'summary'])

type Change = (text: string, slot: TextSlot, place: TextPlace) => string

/** A deep copy; numbers that a double would round stay as they are. */
export function copyOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf) as Value
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, copyOf(field as unknown)]),
  ) as Value
}

/** Where a text stands: `holder[name]`. */
export interface TextPlace {
  readonly holder: Document
  readonly name: string
}

/** The places of every text of a request, wherever it stands: each part, tool arguments and results too. */
export function placesOfRequest(document: RequestDocument): TextPlace[] {
  const places: TextPlace[] = []
  const walk = new TextWalk((text, _slot, place) => {
    places.push(place)
    return text
  })
  for (const field of writtenFields) {
    if (field in document) walk.field(document, field, { kind: 'text', choice: 0 })
  }
  return places
}

/** Changes every text of a whole answer, or of a whole part in an event of a stream, in place. */
export function changeAnswerTexts(endpoint: EndpointName, document: Document, change: Change): void {
  if (!(endpoint in conversing)) return
  const walk = new TextWalk(change)
  const choice = endpoint === 'responses' || endpoint === 'messages' ? 0 : undefined
  for (const field of answeredFields) {
    if (field === 'choices' && choice === undefined) {
      const { choices } = document
      if (!Array.isArray(choices)) continue
      for (const each of choices) {
        const one = asObject(each)
        if (one) walk.value(one, { kind: 'text', choice: Number(one['index'] ?? 0) })
      }
    } else if (field in document) {
      walk.field(document, field, { kind: 'text', choice: 0 })
    }
  }
  const { response } = document
  const whole = asObject(response)
  if (whole) changeAnswerTexts(endpoint, whole, change)
}

/** Endpoints whose answers are texts. */
export const conversing: Partial<Record<EndpointName, true>> = {
  chat: true,
  completions: true,
  responses: true,
  messages: true,
}

class TextWalk {
  constructor(private readonly change: Change) {}

  field(holder: Document, name: string, slot: TextSlot): void {
    const value = holder[name]
    const kind = kindOf(name, holder) ?? slot.kind
    const within = kind === slot.kind ? slot : { ...slot, kind }
    if (typeof value === 'string') holder[name] = this.change(value, within, { holder, name })
    else this.value(value, within, name === 'input' && kind === 'arguments')
  }

  /** @param isData the value is an application's own, and each of its fields may be a text */
  value(value: unknown, slot: TextSlot, isData = false): void {
    if (Array.isArray(value)) {
      const list = value as unknown[]
      for (let at = 0; at < list.length; at++) {
        const item = list[at]
        if (typeof item === 'string')
          list[at] = this.change(item, slot, { holder: list as unknown as Document, name: String(at) })
        else this.value(item, slot, isData)
      }
      return
    }
    const holder = asObject(value)
    if (!holder) return
    for (const name of Object.keys(holder)) {
      if (isData) this.data(holder, name, slot)
      else if (!structural.has(name) && !isBytes(holder, name)) this.field(holder, name, slot)
    }
  }

  private data(holder: Document, name: string, slot: TextSlot): void {
    const value = holder[name]
    if (typeof value === 'string') holder[name] = this.change(value, slot, { holder, name })
    else this.value(value, slot, true)
  }
}

/** A tool's input is an object of its own; elsewhere `input` is what the caller says. */
function kindOf(name: string, holder: Document): TextKind | undefined {
  if (reasoningFields.has(name)) return 'reasoning'
  if (name === 'input' && !String(holder['type']).endsWith('tool_use')) {
    return holder['type'] === 'custom_tool_call' ? 'arguments' : undefined
  }
  if (argumentFields.has(name)) return 'arguments'
  return name === 'text' && holder['type'] === 'reasoning_text' ? 'reasoning' : undefined
}

/** Base64, but for a document that is plain text. */
const isBytes = (holder: Document, name: string): boolean => name === 'data' && holder['type'] !== 'text'
