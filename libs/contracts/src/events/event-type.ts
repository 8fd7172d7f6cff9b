import { eventMessages, type EventField } from '../generated/event-fields.js'

/** What crosses the bus: CloudEvents 1.0 in binary mode, so the attributes are headers and the value is the data. */
export interface Message {
  /** Decides the partition: messages of one key keep their order. */
  key: string
  /** Flat JSON in snake_case. */
  value: string
  /** `ce_specversion ce_id ce_type ce_source ce_time content-type`, and `traceparent` when there is a trace. */
  headers: Record<string, string>
}

/** A kind of event: one row of the event table. */
export interface EventType<T extends object> {
  /** Full name of the proto message, such as `weir.usage.v1.RequestSettled`. */
  readonly name: string
  /** Derived from the name: `weir.usage.request-settled.v1`. */
  readonly topic: string
  /** The topic keeps the last message of each key for ever, and earlier ones may go. */
  readonly compacted: boolean
  readonly partitions: number
  /** Partition key of an event. */
  key(event: T): string
  /** @throws TypeError when a field is not what the proto says, so that nothing unreadable is ever published. */
  encode(event: T, source: string, traceparent?: string): Message
  /**
   * Reads a value. Unknown fields are ignored, absent ones take proto's zero value, and absent optional ones
   * stay so: producers may be newer or older than the consumer.
   * @throws TypeError when it is not a JSON object, a field has the wrong type, or the event's id is missing.
   */
  decode(value: string): T
}

/** A row of the event table, before the derived parts. */
export interface EventDeclaration<T extends object> {
  name: string
  /** Fields whose values make the partition key, joined by `/`. */
  keyFields: readonly (keyof T & string)[]
  /** Field that says when it happened: `ce_time`. */
  timeField: keyof T & string
  compacted?: boolean
  partitions?: number
}

/** An event type with the parts that only its documentation and tests need. */
export interface DeclaredEventType<T extends object> extends EventType<T> {
  readonly description: string
  readonly fields: readonly EventField[]
  readonly keyFields: readonly (keyof T & string)[]
  readonly timeField: keyof T & string
}

/** An event type where which one does not matter: what it decodes is some object. */
export type AnyEventType = Omit<DeclaredEventType<never>, 'decode'> & { decode(value: string): object }

/** Enough for 12 consumers of one group, and few enough for one small broker. */
const defaultPartitions = 12

type Scalar = string | number | boolean

const zeroValues: Record<EventField['type'], Scalar> = {
  string: '',
  bool: false,
  uint32: 0,
  uint64: '0',
  double: 0,
}

/** What stands in JSON as it is. */
const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** As `JSON.stringify`, in half the time for what an event is made of. */
function toJson(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  return plainText.test(value) ? `"${value}"` : JSON.stringify(value)
}

const accepts: Record<EventField['type'], (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  uint32: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff,
  // A string as in proto's own JSON mapping: a JSON number loses digits past 2^53 in most readers.
  uint64: (value) => typeof value === 'string' && /^\d{1,20}$/.test(value),
  double: (value) => Number.isFinite(value),
}

/** Topic of a proto message: `weir.usage.v1.RequestSettled` → `weir.usage.request-settled.v1`. */
export function topicOf(name: string): string {
  const parts = name.split('.')
  const message = parts.pop() ?? ''
  const version = parts.pop() ?? ''
  const words = message.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()
  return [...parts, words, version].join('.')
}

/**
 * Makes a row of the event table. Codec and topic come from the proto message of that name.
 * @throws Error when no *_events.proto file has the message.
 */
export function declareEvent<T extends object>(declaration: EventDeclaration<T>): DeclaredEventType<T> {
  const { name, keyFields, timeField, compacted = false, partitions = defaultPartitions } = declaration
  const message = eventMessages[name]
  if (!message)
    throw new Error(`no *_events.proto file has the message ${name}; run npm run gen after adding it`)
  const { description, fields } = message

  const written = fields.map((field, at) => ({
    field,
    prefix: `${at === 0 ? '{' : ','}${JSON.stringify(field.name)}:`,
  }))
  const blank = blankOf(fields)
  const key = (event: T): string => keyFields.map((field) => String(event[field])).join('/')

  return {
    name,
    topic: topicOf(name),
    compacted,
    partitions,
    description,
    fields,
    keyFields,
    timeField,
    key,
    encode(event, source, traceparent) {
      const values = event as Record<string, unknown>
      // Field by field takes half the time of an object that is given its names at run time and then written.
      let value = ''
      for (const { field, prefix } of written) {
        const content = values[field.property]
        if (content === undefined && field.optional) continue
        value += prefix + toJson(checked(name, field, content))
      }
      const headers: Record<string, string> = {
        ce_specversion: '1.0',
        ce_id: identified(name, values.eventId),
        ce_type: name,
        ce_source: source,
        ce_time: String(event[timeField]),
        'content-type': 'application/json',
      }
      if (traceparent) headers.traceparent = traceparent
      return { key: key(event), value: `${value}}`, headers }
    },
    decode(value) {
      const flat = parseObject(name, value)
      const event = { ...blank }
      for (const field of fields) {
        const content = flat[field.name]
        if (content !== undefined && content !== null) event[field.property] = checked(name, field, content)
      }
      identified(name, event.eventId)
      return event as T
    },
  }
}

/**
 * What an event's required fields are when nobody says anything, for copies to be made of. A copy of parsed JSON
 * is quick to V8 for all who read it; an object that is given so many names one by one is not.
 */
function blankOf(fields: readonly EventField[]): Record<string, Scalar> {
  const required = fields.filter(({ optional }) => !optional)
  const values = Object.fromEntries(required.map(({ property, type }) => [property, zeroValues[type]]))
  return JSON.parse(JSON.stringify(values)) as Record<string, Scalar>
}

function checked(name: string, field: EventField, value: unknown): Scalar {
  if (!accepts[field.type](value)) {
    throw new TypeError(`${name}: ${field.name} is ${describe(value)}, where the proto says ${field.type}`)
  }
  return value as Scalar
}

/** Two events without an id would pass for one another where copies are told apart. */
function identified(name: string, eventId: unknown): string {
  if (typeof eventId !== 'string' || eventId === '') {
    throw new TypeError(`${name}: event_id is missing, so copies could not be told apart`)
  }
  return eventId
}

function parseObject(name: string, value: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw new TypeError(`${name}: the value is not JSON`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new TypeError(`${name}: the value is not a JSON object`)
  }
  return parsed as Record<string, unknown>
}

/** Type and not content: what is wrong may be a secret in the wrong place. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'missing'
  if (typeof value === 'number') return `the number ${value}`
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`
}
