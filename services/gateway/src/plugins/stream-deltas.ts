import type { Document } from '../conversation/dialect.js'
import { asObject, objectsOf } from '../conversation/json.js'
import type { EndpointName } from '../inference/endpoint.js'
import type { TextKind, TextSlot } from './plugin.js'

/** A piece of a text in an event of a stream: `holder[field]`. */
export interface Delta {
  /** Names the text within its stream. */
  readonly channel: string
  readonly slot: TextSlot
  readonly holder: Document
  readonly field: string
}

/** What an event of a stream has of texts. */
export interface EventTexts {
  readonly deltas: readonly Delta[]
  /** Texts that are over when this event comes: those whose channel begins so. */
  readonly ends: readonly string[]
  /** The event repeats whole texts beside its deltas. */
  readonly repeats: boolean
}

const nothing: EventTexts = { deltas: [], ends: [], repeats: false }

/** Finds the texts of an event in the dialect of an endpoint. */
export function textsOfEvent(endpoint: EndpointName, event: Document): EventTexts {
  switch (endpoint) {
    case 'chat':
      return ofChoices(event, chatDeltas)
    case 'completions':
      return ofChoices(event, (choice, index) => present(choice, 'text', `${index}.text`, 'text', index))
    case 'messages':
      return ofMessages(event)
    case 'responses':
      return ofResponses(event)
    default:
      return nothing
  }
}

/** The same event with nothing but one more piece of one text; `event` is one that had a piece of it. */
export function pieceLike(endpoint: EndpointName, event: Document, delta: Delta, text: string): Document {
  if (endpoint !== 'chat' && endpoint !== 'completions') {
    return endpoint === 'messages' && event['type'] === 'content_block_delta'
      ? { ...event, delta: { ...asObject(event['delta']), [delta.field]: text } }
      : { ...event, [delta.field]: text }
  }
  const { usage: _, ...rest } = event
  return {
    ...rest,
    choices: [{ index: delta.slot.choice, ...pieceOfChoice(endpoint, delta, text), finish_reason: null }],
  }
}

function pieceOfChoice(endpoint: EndpointName, { channel, field }: Delta, text: string): Document {
  if (endpoint === 'completions') return { text }
  const [, , call] = channel.split('.')
  if (field !== 'arguments') return { delta: { [field]: text } }
  return { delta: { tool_calls: [{ index: Number(call), function: { arguments: text } }] } }
}

function ofChoices(event: Document, deltasOf: (choice: Document, index: number) => Delta[]): EventTexts {
  const choices = objectsOf(event['choices'])
  if (choices.length === 0) return nothing
  const deltas: Delta[] = []
  const ends: string[] = []
  for (const choice of choices) {
    const index = Number(choice['index'] ?? 0)
    deltas.push(...deltasOf(choice, index))
    if (choice['finish_reason'] !== undefined && choice['finish_reason'] !== null) ends.push(`${index}.`)
  }
  return { deltas, ends, repeats: false }
}

function chatDeltas(choice: Document, index: number): Delta[] {
  const delta = asObject(choice['delta'])
  if (!delta) return []
  const deltas = [
    ...present(delta, 'content', `${index}.content`, 'text', index),
    ...present(delta, 'refusal', `${index}.refusal`, 'text', index),
    ...present(delta, 'reasoning_content', `${index}.reasoning_content`, 'reasoning', index),
    ...present(delta, 'reasoning', `${index}.reasoning`, 'reasoning', index),
  ]
  for (const call of objectsOf(delta['tool_calls'])) {
    const called = asObject(call['function'])
    const channel = `${index}.call.${Number(call['index'] ?? 0)}`
    if (called) deltas.push(...present(called, 'arguments', channel, 'arguments', index))
  }
  return deltas
}

const kindsOfMessages: Readonly<Record<string, TextKind>> = {
  text: 'text',
  partial_json: 'arguments',
  thinking: 'reasoning',
}

function ofMessages(event: Document): EventTexts {
  const { type } = event
  const index = numberOf(event['index'])
  if (type === 'content_block_stop') return { ...nothing, ends: [`${index}.`] }
  if (type !== 'content_block_delta') return { ...nothing, repeats: type === 'content_block_start' }
  const delta = asObject(event['delta'])
  if (!delta) return nothing
  const deltas = Object.entries(kindsOfMessages).flatMap(([field, kind]) =>
    present(delta, field, `${index}.${field}`, kind, 0),
  )
  return { ...nothing, deltas }
}

function ofResponses(event: Document): EventTexts {
  const type = String(event['type'])
  const place = ['output_index', 'content_index', 'summary_index']
    .map((field) => numberOf(event[field]))
    .join('.')
  if (!type.endsWith('.delta')) {
    const of = type.endsWith('.done') ? `${place}.${type.slice(0, -'.done'.length)}.` : undefined
    return { deltas: [], ends: of ? [of] : [], repeats: true }
  }
  const name = type.slice(0, -'.delta'.length)
  const kind = /arguments|input|code/.test(name)
    ? 'arguments'
    : name.includes('reasoning')
      ? 'reasoning'
      : 'text'
  // Sound is no text.
  if (/audio\b/.test(name) && !name.includes('transcript')) return nothing
  return { ...nothing, deltas: present(event, 'delta', `${place}.${name}.`, kind, 0) }
}

const numberOf = (value: unknown): string => (typeof value === 'number' ? String(value) : '')

function present(holder: Document, field: string, channel: string, kind: TextKind, choice: number): Delta[] {
  return typeof holder[field] === 'string' ? [{ channel, slot: { kind, choice }, holder, field }] : []
}
