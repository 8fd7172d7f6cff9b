import type {
  Conversation,
  OutputFormat,
  ReasoningRequest,
  Sampling,
  Tool,
  ToolChoice,
} from '../../conversation/conversation.js'
import { unsupported, type Document } from '../../conversation/dialect.js'
import { asList, asNumber, asObject, asText, objectsOf } from '../../conversation/json.js'
import { invalidField, RequestFields } from '../../conversation/request-fields.js'
import { readHosted } from './hosted-tool.js'
import { readCache, readMessages } from './message-reader.js'

/**
 * Reads a chat completion request. Sound as output, predicted outputs and the functions of 2023 are
 * refused by name: no other dialect has them.
 */
export function readRequest(document: Document): Conversation {
  const fields = new RequestFields(document)
  const model = fields.text('model') ?? ''
  for (const name of ['audio', 'functions', 'function_call'])
    if (document[name] !== undefined && document[name] !== null) throw unsupported(model, name)
  if (asList(document['modalities']).some((modality) => modality !== 'text'))
    throw unsupported(model, 'modalities')
  fields.skip('modalities', 'audio', 'functions', 'function_call')
  if (document['store'] === false) fields.skip('store')
  const messages = fields.objects('messages')
  if (!messages) throw invalidField('messages', 'a list of messages')
  const choice = readToolChoice(fields)
  const parallel = fields.boolean('parallel_tool_calls')
  const format = readFormat(fields.object('response_format'))
  const reasoning = readReasoning(fields)
  const user = fields.text('safety_identifier') ?? fields.text('user')
  fields.skip('user')
  const metadata = fields.object('metadata')
  const serviceTier = fields.text('service_tier')
  const conversation = {
    ...readMessages(messages),
    tools: [...readTools(fields, choice?.allowed), ...readSearch(fields)],
    ...(choice && { toolChoice: choice.toolChoice }),
    ...(parallel !== undefined && { parallelToolCalls: parallel }),
    ...(format && { outputFormat: format }),
    sampling: readSampling(fields),
    ...(reasoning && { reasoning }),
    ...(user !== undefined && { user }),
    ...(metadata && { metadata }),
    ...(serviceTier !== undefined && { serviceTier }),
    stream: fields.boolean('stream') === true,
    tellsStreamUsage: fields.object('stream_options')?.['include_usage'] === true,
  }
  return { ...conversation, unread: fields.unread }
}

/** What Chat Completions and Completions say alike of how the answer is sampled. */
export function readSampling(fields: RequestFields): Sampling {
  const oldLimit = fields.whole('max_tokens', 1)
  const sampling: Sampling = {
    ...defined('maxOutputTokens', fields.whole('max_completion_tokens', 1) ?? oldLimit),
    ...defined('temperature', fields.number('temperature')),
    ...defined('topP', fields.number('top_p')),
    ...defined('topK', fields.whole('top_k')),
    ...defined('stop', readStop(fields)),
    ...defined('n', fields.whole('n', 1)),
    ...defined('seed', fields.number('seed')),
    ...defined('frequencyPenalty', fields.number('frequency_penalty')),
    ...defined('presencePenalty', fields.number('presence_penalty')),
    ...defined('logitBias', fields.object('logit_bias') as Record<string, number> | undefined),
  }
  if (fields.document['logprobs'] === true) sampling.topLogprobs = fields.whole('top_logprobs') ?? 0
  fields.skip('logprobs', 'top_logprobs')
  return sampling
}

function readStop(fields: RequestFields): string[] | undefined {
  if (typeof fields.document['stop'] !== 'string') {
    const list = fields.list('stop')
    if (list?.some((item) => typeof item !== 'string'))
      throw invalidField('stop', 'a text or a list of texts')
    return list as string[] | undefined
  }
  return [fields.text('stop') ?? '']
}

function readTools(fields: RequestFields, allowed: Set<string> | undefined): Tool[] {
  return (fields.objects('tools') ?? []).flatMap(({ value, path }): Tool[] => {
    const found = asObject(value['function'])
    if (!found)
      return [{ type: 'native', dialect: 'openai-chat', name: asText(value['type']) ?? 'tool', value }]
    const name = asText(found['name'])
    if (name === undefined || name === '') throw invalidField(`${path}.function.name`, 'the name of a tool')
    if (allowed && !allowed.has(name)) return []
    const cache = readCache(value) ?? readCache(found)
    return [
      {
        type: 'function',
        name,
        ...defined('description', asText(found['description'])),
        ...defined('schema', asObject(found['parameters'])),
        ...(typeof found['strict'] === 'boolean' && { strict: found['strict'] }),
        ...defined('cache', cache),
      },
    ]
  })
}

/** OpenAI searches the web where this field is: a tool in all but its place. */
function readSearch(fields: RequestFields): Tool[] {
  const value = fields.object('web_search_options')
  const tool = { type: 'native', dialect: 'openai-chat', name: 'web_search_options' } as const
  return value ? [{ ...tool, value, hosted: readHosted(value) }] : []
}

function readToolChoice(
  fields: RequestFields,
): { toolChoice: ToolChoice; allowed?: Set<string> } | undefined {
  const choice = fields.document['tool_choice']
  fields.skip('tool_choice')
  if (choice === undefined || choice === null) return undefined
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { toolChoice: choice }
  // Mistral's and Anthropic's word for it.
  if (choice === 'any') return { toolChoice: 'required' }
  const named = asText(asObject(asObject(choice)?.['function'])?.['name'])
  if (named !== undefined) return { toolChoice: { name: named } }
  const allowed = asObject(asObject(choice)?.['allowed_tools'])
  if (!allowed) throw invalidField('tool_choice', 'auto, none, required, or a function by its name')
  const names = objectsOf(allowed['tools']).flatMap(
    (tool) => asText(asObject(tool['function'])?.['name']) ?? [],
  )
  return { toolChoice: allowed['mode'] === 'required' ? 'required' : 'auto', allowed: new Set(names) }
}

function readFormat(format: Document | undefined): OutputFormat | undefined {
  if (!format || format['type'] === 'text') return undefined
  if (format['type'] === 'json_object') return { type: 'json_object' }
  const found = asObject(format['json_schema'])
  if (format['type'] !== 'json_schema' || !found)
    throw invalidField('response_format', 'text, json_object, or json_schema with a schema')
  return {
    type: 'json_schema',
    name: asText(found['name']) ?? 'output',
    ...defined('description', asText(found['description'])),
    schema: asObject(found['schema']) ?? {},
    ...(typeof found['strict'] === 'boolean' && { strict: found['strict'] }),
  }
}

/** OpenAI's `reasoning_effort`, OpenRouter's `reasoning`, and Anthropic's `thinking`, which some vendors take. */
function readReasoning(fields: RequestFields): ReasoningRequest | undefined {
  const effort = fields.text('reasoning_effort')
  const router = fields.object('reasoning')
  const thinking = fields.object('thinking')
  if (effort === undefined && !router && !thinking) return undefined
  const off = router?.['enabled'] === false || thinking?.['type'] === 'disabled'
  const chosen = off ? 'none' : (effort ?? asText(router?.['effort']))
  const budget = asNumber(router?.['max_tokens']) ?? asNumber(thinking?.['budget_tokens'])
  const isAdaptive = thinking?.['type'] === 'adaptive'
  const isShown = !off && ((router && router['exclude'] !== true) || thinking)
  return {
    ...defined('effort', chosen),
    ...defined('budgetTokens', budget),
    ...(isAdaptive && { adaptive: true }),
    ...(isShown && { summary: asText(router?.['summary']) ?? 'auto' }),
  }
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}
