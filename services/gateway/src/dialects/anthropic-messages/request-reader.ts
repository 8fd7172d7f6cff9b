import type {
  Conversation,
  NativeTool,
  OutputFormat,
  ReasoningRequest,
  Sampling,
  TextPart,
  Tool,
  ToolChoice,
  Turn,
} from '../../conversation/conversation.js'
import type { Document } from '../../conversation/dialect.js'
import { asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import { invalidField, RequestFields } from '../../conversation/request-fields.js'
import { readCache, readContent } from './content-reader.js'
import { readHosted } from './hosted-tool.js'

/** Reads a request of the Messages API. */
export function readRequest(document: Document): Conversation {
  const fields = new RequestFields(document)
  // Bedrock's and Vertex AI's places for what are headers elsewhere; and where the request is kept and priced.
  fields.skip('model', 'anthropic_version', 'anthropic_beta', 'betas')
  const maxOutputTokens = fields.whole('max_tokens')
  if (maxOutputTokens === undefined) throw invalidField('max_tokens', 'a whole number of 1 or more')
  const unread: string[] = []
  const output = fields.object('output_config')
  const choice = fields.object('tool_choice')
  const toolChoice = readToolChoice(choice)
  const serial = choice?.['disable_parallel_tool_use'] === true
  const format = readFormat(asObject(output?.['format']) ?? fields.object('output_format'))
  fields.skip('output_format')
  const reasoning = readReasoning(fields.object('thinking'), asText(output?.['effort']))
  const user = asText(fields.object('metadata')?.['user_id'])
  const tier = fields.text('service_tier')
  const turns = readTurns(fields)
  const cache = fields.object('cache_control') && readCache(document)
  if (cache) markLast(turns, cache)
  return {
    system: readSystem(fields),
    turns,
    tools: [...readTools(fields, unread), ...readServers(fields)],
    ...(toolChoice !== undefined && { toolChoice }),
    ...(serial && { parallelToolCalls: false }),
    ...(format && { outputFormat: format }),
    sampling: { maxOutputTokens, ...readSampling(fields) },
    ...(reasoning && { reasoning }),
    ...(user !== undefined && { user }),
    ...(tier !== undefined && { serviceTier: tier === 'standard_only' ? 'default' : tier }),
    stream: fields.boolean('stream') === true,
    tellsStreamUsage: true,
    unread: [...fields.unread, ...unread],
  }
}

function readSystem(fields: RequestFields): TextPart[] {
  const { system } = fields.document
  fields.skip('system')
  if (system === undefined || system === null) return []
  return readContent(system, 'system').map((part, at) => {
    if (part.type !== 'text') throw invalidField(`system[${at}].type`, 'text')
    return part
  })
}

function readTurns(fields: RequestFields): Turn[] {
  const messages = fields.objects('messages')
  if (!messages) throw invalidField('messages', 'a list of messages')
  return messages.map(({ value, path }) => {
    const { role, content } = value
    if (role !== 'user' && role !== 'assistant' && role !== 'system')
      throw invalidField(`${path}.role`, 'user or assistant')
    return { role, parts: readContent(content, `${path}.content`) }
  })
}

/** The mark of the whole request is one at the end of what is sent. */
function markLast(turns: Turn[], cache: { ttl?: string }): void {
  const last = turns.at(-1)?.parts.at(-1)
  if (
    last &&
    (last.type === 'text' || last.type === 'image' || last.type === 'document' || last.type === 'tool_result')
  )
    last.cache ??= cache
}

function readSampling(fields: RequestFields): Sampling {
  const temperature = fields.number('temperature')
  const topP = fields.number('top_p')
  const topK = fields.whole('top_k')
  const stop = fields.list('stop_sequences')?.filter((item) => typeof item === 'string')
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(stop && stop.length > 0 && { stop }),
  }
}

/** What of a tool other dialects can be told; what else it has is lost to them. */
const toldOfTools = ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']

function readTools(fields: RequestFields, unread: string[]): Tool[] {
  return (fields.objects('tools') ?? []).map(({ value, path }): Tool => {
    const type = asText(value['type']) ?? 'custom'
    if (type !== 'custom') return toNative(type, value)
    const name = asText(value['name'])
    if (name === undefined || name === '') throw invalidField(`${path}.name`, 'the name of a tool')
    const others = Object.keys(value).filter((field) => !toldOfTools.includes(field))
    unread.push(
      ...others.filter((field) => (value[field] ?? false) !== false).map((field) => `${path}.${field}`),
    )
    const description = asText(value['description'])
    const schema = asObject(value['input_schema'])
    const cache = readCache(value)
    return {
      type: 'function',
      name,
      ...(description !== undefined && { description }),
      ...(schema && { schema }),
      ...(typeof value['strict'] === 'boolean' && { strict: value['strict'] }),
      ...(cache && { cache }),
    }
  })
}

/** Servers of tools that Anthropic would call. */
const readServers = (fields: RequestFields): NativeTool[] =>
  objectsOf(fields.list('mcp_servers')).map((value) => toNative('mcp_servers', value))

function toNative(name: string, value: Document): NativeTool {
  const hosted = readHosted(value)
  return { type: 'native', dialect: 'anthropic-messages', name, value, ...(hosted && { hosted }) }
}

function readToolChoice(choice: Document | undefined): ToolChoice | undefined {
  switch (choice?.['type']) {
    case undefined:
      return undefined
    case 'auto':
      return 'auto'
    case 'none':
      return 'none'
    case 'any':
      return 'required'
  }
  const name = asText(choice?.['name'])
  if (choice?.['type'] !== 'tool' || name === undefined)
    throw invalidField('tool_choice', 'of the type auto, any, none, or tool with its name')
  return { name }
}

function readFormat(format: Document | undefined): OutputFormat | undefined {
  const schema = asObject(format?.['schema'])
  if (!format) return undefined
  if (format['type'] !== 'json_schema' || !schema)
    throw invalidField('output_config.format', 'of the type json_schema with a schema')
  return { type: 'json_schema', name: 'output', schema, strict: true }
}

function readReasoning(
  thinking: Document | undefined,
  effort: string | undefined,
): ReasoningRequest | undefined {
  if (!thinking && effort === undefined) return undefined
  const named = effort === undefined ? {} : { effort }
  // Thinking may be off, and the effort of the answer still chosen: others have one word for both.
  if (!thinking) return named
  if (thinking['type'] === 'disabled') return { effort: 'none' }
  const budget = asNumber(thinking['budget_tokens'])
  return {
    ...named,
    ...(thinking['type'] === 'adaptive' && { adaptive: true }),
    ...(budget !== undefined && { budgetTokens: budget }),
    ...(thinking['display'] !== 'omitted' && { summary: 'auto' }),
  }
}
