import type { Document } from '../conversation/dialect.js'
import { asObject, isRawNumber, parseJson } from '../conversation/json.js'
import type { RequestDocument } from '../inference/endpoint.js'

/** A text of a request, wherever it stands. */
export interface DocumentText {
  /** In the words of the caller's API: messages[1].content[0].text. */
  readonly place: string
  readonly text: string
  /** Texts of one number are parts of one message. */
  readonly message: number
  /** Puts another text in its place, in the document that was read. */
  readonly replace: (text: string) => void
}

/** Lists whose entries are said one after the other: what is divided among neighbours of one speaker is one message. */
const spoken = new Set(['messages', 'input', 'system', 'prompt', 'contents', 'instructions'])

/** What names, points or frames. Judged all the same when it looks like anything else than a name. */
const framing = new Set([
  ...['type', 'role', 'id', 'tool_call_id', 'call_id', 'tool_use_id', 'item_id', 'file_id', 'object'],
  ...['media_type', 'mime_type', 'detail', 'format', 'status', 'effort', 'service_tier', 'ttl', 'phase'],
  ...['previous_response_id', 'encoding_format', 'response_format', 'voice', 'size', 'quality', 'verbosity'],
])

const nameLike = /^\w[\w.:/+-]{0,127}$/
const longNumber = /\d{8}/

/** What only its maker reads. */
const opaque = new Set([
  'signature',
  'encrypted_content',
  'thought_signature',
  'thoughtSignature',
  'b64_json',
])

/** Objects of an application's own: names of fields and numbers say something there. */
const dataFields = new Set(['arguments', 'input', 'metadata', 'partial_json'])

const base64Media = /^data:(?!text\/|application\/(?:json|xml))[^,]{0,200};base64,/i

const shortestNumber = 7
const deepest = 512

/**
 * Every text of a request that its provider sees: all messages and parts, arguments and results of tools,
 * descriptions of tools, names. What a policy judges is the document that is sent, in whatever dialect.
 * @param document may be changed by replacing its texts
 */
export function textsOf(document: RequestDocument): DocumentText[] {
  const walk = new Walk()
  for (const name of Object.keys(document)) {
    if (name === 'model') continue
    if (spoken.has(name) && Array.isArray(document[name])) walk.messages(document, name)
    else {
      walk.message++
      walk.field(document, name, name, { isData: name === 'metadata', depth: 0 })
    }
  }
  return [...walk.texts, ...walk.names.reverse()]
}

interface Within {
  isData: boolean
  depth: number
}

class Walk {
  readonly texts: DocumentText[] = []
  /** Names of fields: replaced after what stands in them. */
  readonly names: DocumentText[] = []
  message = 0

  messages(document: Document, name: string): void {
    let before: unknown
    for (const [at, entry] of (document[name] as unknown[]).entries()) {
      const one = asObject(entry)
      const speaker = one ? (one['role'] ?? one['type']) : typeof entry
      if (speaker !== before) this.message++
      before = speaker
      this.field(document[name] as Document, String(at), `${name}[${at}]`, {
        isData: false,
        depth: 1,
      })
    }
  }

  field(holder: Document, name: string, place: string, within: Within): void {
    const value = holder[name]
    if (typeof value === 'string') return this.text(holder, name, place, within)
    if (within.depth > deepest) return
    const depth = within.depth + 1
    if (Array.isArray(value)) {
      const list = value as unknown as Document
      for (let at = 0; at < value.length; at++)
        this.field(list, String(at), `${place}[${at}]`, { ...within, depth })
      return
    }
    const inner = asObject(value)
    if (!inner) return within.isData ? this.number(holder, name, place) : undefined
    const isData = within.isData || (dataFields.has(name) && depth > 1)
    for (const key of Object.keys(inner)) {
      this.field(inner, key, `${place}.${key}`, { isData, depth })
      if (isData) this.name(inner, key, place)
    }
  }

  private text(holder: Document, name: string, place: string, { isData, depth }: Within): void {
    const text = holder[name] as string
    if (text === '' || (!isData && isNoText(holder, name, text))) return
    if (name === 'arguments' && !isData && this.serialised(holder, name, place, depth)) return
    this.add(place, text, (shown) => (holder[name] = shown))
  }

  /** JSON in a text is read as what it says, not as how it is escaped. */
  private serialised(holder: Document, name: string, place: string, depth: number): boolean {
    let value: unknown
    try {
      value = parseJson(holder[name] as string)
    } catch {
      return false
    }
    if (typeof value !== 'object' || value === null) return false
    const before = this.texts.length
    const namesBefore = this.names.length
    this.field({ value }, 'value', place, { isData: true, depth })
    const write = () => (holder[name] = JSON.stringify(value))
    for (const list of [this.texts.slice(before), this.names.slice(namesBefore)]) {
      for (const text of list) {
        const { replace } = text
        Object.assign(text, {
          replace(shown: string) {
            replace(shown)
            write()
          },
        })
      }
    }
    return true
  }

  private number(holder: Document, name: string, place: string): void {
    const value = holder[name]
    const text = isRawNumber(value) ? value.rawJSON : typeof value === 'number' ? String(value) : ''
    if (text.length >= shortestNumber) this.add(place, text, (shown) => (holder[name] = shown))
  }

  private name(holder: Document, name: string, place: string): void {
    if (name.length < shortestNumber) return
    const { message } = this
    this.names.push({
      ...{ place: `${place} (name of a field)`, text: name, message },
      replace(shown) {
        const value = holder[name]
        delete holder[name]
        holder[shown] = value
      },
    })
  }

  private add(place: string, text: string, replace: (shown: string) => void): void {
    this.texts.push({ place, text, message: this.message, replace })
  }
}

function isNoText(holder: Document, name: string, text: string): boolean {
  if (opaque.has(name) || base64Media.test(text)) return true
  if (framing.has(name)) return nameLike.test(text) && !longNumber.test(text)
  // Base64, but for a document that is plain text.
  return name === 'data' && holder['type'] !== 'text'
}
