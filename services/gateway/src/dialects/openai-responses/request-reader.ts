import type {
  Conversation,
  OutputFormat,
  ReasoningRequest,
  Sampling,
  Tool,
  ToolChoice,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { asBoolean, asList, asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import { invalidField } from '../../conversation/request-fields.js'
import { readCustomTool } from './custom-tool.js'
import { readHosted } from './hosted-tool.js'
import { flatName } from './tool-form.js'
import { readInput } from './item-reader.js'
import { refuseState } from './state.js'

/** Fields that are read here, or that mean nothing outside OpenAI's own service. */
const read = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'include',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
  'stream',
  'stream_options',
  'previous_response_id',
  'conversation',
  'background',
])

/** Defaults that are often said, and lose nothing. */
const isIdle = (field: string, value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (field === 'store' && value === false) ||
  (field === 'truncation' && value === 'disabled')

/** Reads a request of the Responses API that leaves for a provider without it. */
export function readRequest(document: Document): Conversation {
  const model = asText(document['model']) ?? ''
  refuseState(document, model)
  const unread = new Set(
    Object.keys(document).filter((name) => !read.has(name) && !isIdle(name, document[name])),
  )
  if (unread.has('prompt')) throw unsupported(model, 'prompt')
  const turns = readInput(document['input'], model, unread)
  const system = readInstructions(document['instructions'])
  // Instructions that stand first are no part of the conversation.
  while (turns[0]?.role === 'system') {
    for (const part of turns.shift()?.parts ?? []) if (part.type === 'text') system.push(part)
  }
  const { tools, toolChoice } = readTools(document, model, unread)
  const outputFormat = readFormat(document, unread)
  const reasoning = readReasoningRequest(document, unread)
  const parallelToolCalls = asBoolean(document['parallel_tool_calls'])
  const user = asText(document['safety_identifier']) ?? asText(document['user'])
  const metadata = asObject(document['metadata'])
  const serviceTier = asText(document['service_tier'])
  return {
    system,
    turns,
    tools,
    ...(toolChoice !== undefined && { toolChoice }),
    ...(parallelToolCalls !== undefined && { parallelToolCalls }),
    ...(outputFormat && { outputFormat }),
    sampling: readSampling(document, unread),
    ...(reasoning && { reasoning }),
    ...(user !== undefined && { user }),
    ...(metadata && Object.keys(metadata).length > 0 && { metadata }),
    ...(serviceTier !== undefined && { serviceTier }),
    stream: document['stream'] === true,
    tellsStreamUsage: true,
    unread: [...unread],
  }
}

function readInstructions(value: unknown): Conversation['system'] {
  if (value === undefined || value === null || value === '') return []
  const text = asText(value)
  if (text === undefined) throw invalidField('instructions', 'a text')
  return [{ type: 'text', text }]
}

function readSampling(document: Document, unread: Set<string>): Sampling {
  const maxOutputTokens = numberOf(document, 'max_output_tokens')
  const temperature = numberOf(document, 'temperature')
  const topP = numberOf(document, 'top_p')
  const alternatives = numberOf(document, 'top_logprobs')
  const include = asList(document['include'])
  const wantsLogprobs = include.includes('message.output_text.logprobs')
  if (
    include.some((name) => name !== 'message.output_text.logprobs' && name !== 'reasoning.encrypted_content')
  ) {
    unread.add('include')
  }
  const topLogprobs = wantsLogprobs || (alternatives ?? 0) > 0 ? (alternatives ?? 0) : undefined
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topLogprobs !== undefined && { topLogprobs }),
  }
}

function numberOf(document: Document, field: string): number | undefined {
  const value = document[field]
  if (value === undefined || value === null) return undefined
  const number = asNumber(value)
  if (number === undefined) throw invalidField(field, 'a number')
  return number
}

function readFormat(document: Document, unread: Set<string>): OutputFormat | undefined {
  const text = asObject(document['text'])
  if (!text) return undefined
  if (text['verbosity'] !== undefined && text['verbosity'] !== null) unread.add('text.verbosity')
  const format = asObject(text['format'])
  switch (format?.['type']) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json_object' }
    case 'json_schema': {
      const schema = asObject(format['schema'])
      if (!schema) throw invalidField('text.format.schema', 'an object')
      const description = asText(format['description'])
      const strict = asBoolean(format['strict'])
      return {
        type: 'json_schema',
        name: asText(format['name']) ?? 'answer',
        schema,
        ...(description !== undefined && { description }),
        ...(strict !== undefined && { strict }),
      }
    }
    default:
      throw invalidField('text.format.type', 'text, json_object or json_schema')
  }
}

function readReasoningRequest(document: Document, unread: Set<string>): ReasoningRequest | undefined {
  const reasoning = asObject(document['reasoning'])
  if (!reasoning) return undefined
  const effort = asText(reasoning['effort'])
  const summary = asText(reasoning['summary']) ?? asText(reasoning['generate_summary'])
  for (const [field, value] of Object.entries(reasoning)) {
    if (!['effort', 'summary', 'generate_summary'].includes(field) && value !== null)
      unread.add(`reasoning.${field}`)
  }
  if (effort === undefined && summary === undefined) return undefined
  return { ...(effort !== undefined && { effort }), ...(summary !== undefined && { summary }) }
}

function readTools(
  document: Document,
  model: string,
  unread: Set<string>,
): { tools: Tool[]; toolChoice: ToolChoice | undefined } {
  const tools = objectsOf(document['tools']).flatMap((tool) => readTool(tool, unread))
  const choice = document['tool_choice']
  if (choice === undefined || choice === null) return { tools, toolChoice: undefined }
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { tools, toolChoice: choice }
  const wanted = asObject(choice)
  const name = asText(wanted?.['name'])
  if (!wanted) throw invalidField('tool_choice', 'auto, none, required or a tool')
  switch (wanted['type']) {
    case 'function':
    case 'custom':
      if (name === undefined) throw invalidField('tool_choice.name', 'a text')
      return { tools, toolChoice: { name } }
    case 'allowed_tools':
      return readAllowed(wanted, tools)
    default: {
      // One of OpenAI's own, by its type.
      const type = asText(wanted['type']) ?? 'tool_choice'
      if (!tools.some((tool) => tool.type === 'native' && tool.name === type)) throw unsupported(model, type)
      return { tools, toolChoice: { name: type } }
    }
  }
}

/** A choice among some of the tools: the others are not shown. */
function readAllowed(wanted: Document, tools: Tool[]): { tools: Tool[]; toolChoice: ToolChoice } {
  const names = new Set(
    objectsOf(wanted['tools']).map((tool) => asText(tool['name']) ?? asText(tool['type'])),
  )
  return {
    tools: tools.filter(({ name }) => names.has(name)),
    toolChoice: wanted['mode'] === 'required' ? 'required' : 'auto',
  }
}

/** Tools that are declared as a group are told one by one. */
function readNamespace(group: Document, unread: Set<string>): Tool[] {
  const namespace = asText(group['name']) ?? ''
  return objectsOf(group['tools'])
    .flatMap((tool) => readTool(tool, unread))
    .map((tool) => ({ ...tool, name: flatName(namespace, tool.name) }))
}

function readTool(tool: Document, unread: Set<string>): Tool[] {
  const type = asText(tool['type']) ?? ''
  if (type === 'namespace') return readNamespace(tool, unread)
  if (type === 'custom') {
    if (asObject(tool['format'])?.['type'] === 'grammar') unread.add('tools.format')
    return [readCustomTool(tool)]
  }
  if (type !== 'function') {
    const hosted = readHosted(tool)
    return [
      { type: 'native', dialect: 'openai-responses', name: type, value: tool, ...(hosted && { hosted }) },
    ]
  }
  const name = asText(tool['name'])
  if (name === undefined) throw invalidField('tools.name', 'a text')
  const description = asText(tool['description'])
  const schema = asObject(tool['parameters'])
  const strict = asBoolean(tool['strict'])
  if (tool['defer_loading'] === true) unread.add('tools.defer_loading')
  return [
    {
      type: 'function',
      name,
      ...(description !== undefined && { description }),
      ...(schema && { schema }),
      ...(strict !== undefined && { strict }),
    },
  ]
}
