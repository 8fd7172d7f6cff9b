import type { EventField } from '../generated/event-fields.js'
import { eventTypes } from './event-table.js'
import type { AnyEventType } from './event-type.js'
import { toYaml, type YamlValue } from './yaml.js'

const about = `What Weir publishes. A topic is named after its proto message; its version is part of the name, and within a \
version only optional fields are added, so ignore fields that you do not know. The value is flat JSON, the attributes \
of CloudEvents 1.0 are headers (binary mode). Delivery is at least once: tell copies by ce_id, which is the event_id \
of the value. Messages of one key are in order. What one of Weir's own consumers could not handle lies on the topic \
of the same name with .dead-letter behind it, with headers that say why. Times are RFC 3339 in UTC; money is a \
decimal string with its currency.`

/** Source of `proto/asyncapi.yaml`: AsyncAPI 3 of every topic, from the event table and the comments of the protos. */
export function renderAsyncApi(): string {
  return `# Generated from the event table and proto/ by npm run gen. Do not edit.\n${toYaml(asyncApi())}`
}

/** The document itself. */
export function asyncApi(): { [name: string]: YamlValue } {
  return {
    asyncapi: '3.0.0',
    info: { title: 'Weir events', version: '1.0.0', description: about },
    defaultContentType: 'application/json',
    servers: {
      kafka: { host: 'localhost:9092', protocol: 'kafka', description: 'As WEIR_KAFKA_BROKERS says.' },
    },
    channels: mapped(channelName, channel),
    operations: mapped((eventType) => `send${messageName(eventType)}`, operation),
    components: {
      messages: mapped(messageName, message),
      schemas: { ...mapped(messageName, payload), CloudEvent: headers },
    },
  }
}

function mapped(
  name: (eventType: AnyEventType) => string,
  value: (eventType: AnyEventType) => YamlValue,
): { [name: string]: YamlValue } {
  return Object.fromEntries(eventTypes.map((eventType) => [name(eventType), value(eventType)]))
}

function messageName({ name }: AnyEventType): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function channelName(eventType: AnyEventType): string {
  const name = messageName(eventType)
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function channel(eventType: AnyEventType): YamlValue {
  const { topic, description, partitions, compacted } = eventType
  const name = messageName(eventType)
  return {
    address: topic,
    description,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    bindings: {
      kafka: {
        topic,
        partitions,
        topicConfiguration: { 'cleanup.policy': [compacted ? 'compact' : 'delete'] },
        bindingVersion: '0.5.0',
      },
    },
  }
}

function operation(eventType: AnyEventType): YamlValue {
  const channelReference = `#/channels/${channelName(eventType)}`
  return {
    action: 'send',
    channel: { $ref: channelReference },
    messages: [{ $ref: `${channelReference}/messages/${messageName(eventType)}` }],
  }
}

function message(eventType: AnyEventType): YamlValue {
  const { name, description, fields, keyFields } = eventType
  const keyNames = keyFields.map((property) => fields.find((field) => field.property === property)!.name)
  return {
    name,
    title: messageName(eventType),
    summary: description,
    contentType: 'application/json',
    headers: { $ref: '#/components/schemas/CloudEvent' },
    payload: { $ref: `#/components/schemas/${messageName(eventType)}` },
    bindings: {
      kafka: {
        key: { type: 'string', description: `The value's ${keyNames.join('/')}.` },
        bindingVersion: '0.5.0',
      },
    },
  }
}

function payload({ description, fields }: AnyEventType): YamlValue {
  return {
    type: 'object',
    description,
    required: ['event_id'],
    properties: Object.fromEntries(fields.map((field) => [field.name, property(field)])),
    additionalProperties: true,
  }
}

const jsonTypes: Record<EventField['type'], { [name: string]: YamlValue }> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  uint32: { type: 'integer', minimum: 0, maximum: 0xffff_ffff },
  uint64: { type: 'string', pattern: '^[0-9]{1,20}$' },
  double: { type: 'number' },
}

function property({ type, description }: EventField): YamlValue {
  const isTime = type === 'string' && description.includes('RFC 3339')
  return { ...jsonTypes[type], ...(isTime && { format: 'date-time' }), description }
}

const headers: YamlValue = {
  type: 'object',
  description: 'CloudEvents 1.0 in binary mode, and the trace that the event belongs to.',
  required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_time', 'content-type'],
  properties: {
    ce_specversion: { type: 'string', const: '1.0', description: 'Version of CloudEvents.' },
    ce_id: { type: 'string', description: "The value's event_id; the same on every copy." },
    ce_type: { type: 'string', description: "Full name of the value's proto message." },
    ce_source: { type: 'string', description: 'Service that published it.' },
    ce_time: { type: 'string', format: 'date-time', description: 'When it happened.' },
    'content-type': { type: 'string', const: 'application/json', description: 'Of the value.' },
    traceparent: { type: 'string', description: 'W3C trace context; absent when it was not traced.' },
  },
}
