import type { Part, ReasoningPart, Signature, Turn } from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { asObject, asText, objectsOf } from '../../conversation/json.js'
import { invalidField } from '../../conversation/request-fields.js'
import { openSignature, splitCallId } from '../../conversation/signature.js'
import { readContent } from './content-reader.js'
import { argumentsOfInput } from './custom-tool.js'
import { flatName } from './tool-form.js'

/** A request's `input` as turns. `unread` is told of what has no place in them. */
export function readInput(input: unknown, model: string, unread: Set<string>): Turn[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }]
  if (!Array.isArray(input)) throw invalidField('input', 'a text or a list of items')
  const turns: Turn[] = []
  for (const [at, value] of input.entries()) {
    const item = asObject(value)
    if (!item) throw invalidField(`input[${at}]`, 'an object')
    const turn = readItem(item, { path: `input[${at}]`, model, unread })
    const last = turns.at(-1)
    // Reasoning, words and calls are items of their own here, and one turn of the model.
    if (last?.role === turn.role && turn.role === 'assistant') last.parts.push(...turn.parts)
    else if (last?.role === 'user' && isResults(last) && isResults(turn)) last.parts.push(...turn.parts)
    else turns.push(turn)
  }
  return turns
}

const isResults = ({ parts }: Turn): boolean =>
  parts.length > 0 && parts.every(({ type }) => type === 'tool_result')

interface ItemOptions {
  path: string
  model: string
  unread: Set<string>
}

function readItem(item: Document, options: ItemOptions): Turn {
  const type = asText(item['type']) ?? (item['role'] === undefined ? '' : 'message')
  const by = (...parts: Part[]): Turn => ({ role: 'assistant', parts })
  switch (type) {
    case 'message':
      return readMessage(item, options)
    case 'function_call':
      return by({
        type: 'tool_call',
        ...readCallId(item, options),
        arguments: asText(item['arguments']) ?? '',
      })
    case 'custom_tool_call': {
      const input = asText(item['input']) ?? ''
      return by({ type: 'tool_call', ...readCallId(item, options), arguments: argumentsOfInput(input) })
    }
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'user', parts: [readOutput(item, options)] }
    case 'reasoning':
      return by(readReasoning(item))
    case 'item_reference':
      throw unsupported(options.model, 'item_reference')
    case '':
      // An item that is named by its id alone is a reference, too.
      if (asText(item['id']) !== undefined) throw unsupported(options.model, 'item_reference')
      throw invalidField(`${options.path}.type`, 'given')
    default:
      return by({ type: 'native', dialect: 'openai-responses', name: type, value: item })
  }
}

function readMessage(item: Document, { path, unread }: ItemOptions): Turn {
  const role = asText(item['role'])
  if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer') {
    throw invalidField(`${path}.role`, 'user, assistant, system or developer')
  }
  if (asText(item['phase']) !== undefined) unread.add('phase')
  return {
    role: role === 'developer' ? 'system' : role,
    parts: readContent(item['content'], `${path}.content`),
  }
}

function readCallId(item: Document, { path }: ItemOptions) {
  const callId = asText(item['call_id'])
  const name = asText(item['name'])
  if (callId === undefined) throw invalidField(`${path}.call_id`, 'a text')
  if (name === undefined) throw invalidField(`${path}.name`, 'a text')
  const namespace = asText(item['namespace'])
  return { ...splitCallId(callId), name: namespace === undefined ? name : flatName(namespace, name) }
}

function readOutput(item: Document, { path }: ItemOptions): Part {
  const callId = asText(item['call_id'])
  if (callId === undefined) throw invalidField(`${path}.call_id`, 'a text')
  return {
    type: 'tool_result',
    callId: splitCallId(callId).id,
    parts: readContent(item['output'], `${path}.output`),
    ...(item['status'] === 'incomplete' && { isError: true }),
  }
}

/** Reasoning with its proof, which may be another vendor's that went through Weir. */
export function readReasoning(item: Document): ReasoningPart {
  const summary = textsOf(item['summary'])
  const content = textsOf(item['content'])
  const isSummary = content.length === 0
  const text = (isSummary ? summary : content).join('\n\n')
  const signature = readSignature(item, text)
  return { type: 'reasoning', text, ...(isSummary && { isSummary }), ...(signature && { signature }) }
}

const textsOf = (value: unknown): string[] => objectsOf(value).flatMap(({ text }) => asText(text) ?? [])

function readSignature(item: Document, text: string): Signature | undefined {
  const value = asText(item['encrypted_content'])
  if (!value) return undefined
  const id = asText(item['id'])
  return (
    openSignature(value) ?? {
      by: 'openai-responses',
      value,
      ...(text === '' && { isHidden: true }),
      ...(id !== undefined && { id }),
    }
  )
}
