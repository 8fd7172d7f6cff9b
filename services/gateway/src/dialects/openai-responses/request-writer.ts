import type {
  Conversation,
  OutputFormat,
  ReasoningRequest,
  Sampling,
  Tool,
} from '../../conversation/conversation.js'
import { unsupported, type Document, type Naming, type WrittenRequest } from '../../conversation/dialect.js'
import { effortFor, effortOf } from '../openai-chat/effort.js'
import { isStrictSchema } from '../openai-chat/strict-schema.js'
import { writeInput } from './item-writer.js'

/** Models that think, and so can give their thoughts away encrypted; the others refuse to be asked. */
const thinks = /^(?:.*\/)?(o\d|gpt-([5-9]|\d\d)(?!.*-chat)|codex|gpt-oss)/

/** Models of OpenAI that certainly do not; of other names, such as those of Azure, whoever asks knows best. */
const neverThinks = /gpt-(3|4)|chatgpt|gpt-\d.*-chat/

/** Writes a request of the Responses API: one that its provider does not keep. */
export function writeRequest(conversation: Conversation, { model }: Naming): WrittenRequest {
  const dropped = new Set<string>()
  const { sampling } = conversation
  if (sampling.stop && sampling.stop.length > 0) throw unsupported(model, 'stop')
  if (sampling.n !== undefined && sampling.n > 1) throw unsupported(model, 'n')
  if (sampling.topK !== undefined) dropped.add('top_k')
  if (sampling.seed !== undefined) dropped.add('seed')
  if (sampling.frequencyPenalty) dropped.add('frequency_penalty')
  if (sampling.presencePenalty) dropped.add('presence_penalty')
  if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) dropped.add('logit_bias')
  if (conversation.system.some(({ cache }) => cache)) dropped.add('cache_control')
  const include = [
    ...((conversation.reasoning && !neverThinks.test(model)) || thinks.test(model)
      ? ['reasoning.encrypted_content']
      : []),
    ...(sampling.topLogprobs !== undefined ? ['message.output_text.logprobs'] : []),
  ]
  const document: Document = {
    model,
    input: writeInput(conversation.turns, { model, dropped }),
    store: false,
    stream: conversation.stream,
    ...(conversation.system.length > 0 && {
      instructions: conversation.system.map(({ text }) => text).join('\n\n'),
    }),
    ...(include.length > 0 && { include }),
    ...writeTools(conversation, model, dropped),
    ...(conversation.outputFormat && { text: { format: writeFormat(conversation.outputFormat) } }),
    ...writeReasoning(conversation.reasoning, model, dropped),
    ...(sampling.maxOutputTokens !== undefined && { max_output_tokens: sampling.maxOutputTokens }),
    ...writeTemperature(sampling, model, dropped),
    ...(sampling.topLogprobs !== undefined && { top_logprobs: sampling.topLogprobs }),
    ...(conversation.user !== undefined && { user: conversation.user }),
    ...writeMetadata(conversation.metadata, dropped),
    ...(conversation.serviceTier !== undefined && { service_tier: conversation.serviceTier }),
  }
  return { document, dropped: [...dropped] }
}

/** Models that think take neither, not even their defaults. */
function writeTemperature({ temperature, topP }: Sampling, model: string, dropped: Set<string>): Document {
  if (!thinks.test(model))
    return { ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { top_p: topP }) }
  if (temperature !== undefined && temperature !== 1) dropped.add('temperature')
  if (topP !== undefined && topP !== 1) dropped.add('top_p')
  return {}
}

function writeTools(conversation: Conversation, model: string, dropped: Set<string>): Document {
  const { tools, toolChoice, parallelToolCalls } = conversation
  if (tools.length === 0) return {}
  return {
    tools: tools.map((tool) => writeTool(tool, model, dropped)),
    ...(toolChoice !== undefined && {
      tool_choice: typeof toolChoice === 'object' ? { type: 'function', name: toolChoice.name } : toolChoice,
    }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  }
}

function writeTool(tool: Tool, model: string, dropped: Set<string>): Document {
  if (tool.type === 'native') {
    if (tool.dialect !== 'openai-responses') throw unsupported(model, tool.name)
    return tool.value
  }
  if (tool.cache) dropped.add('cache_control')
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description !== undefined && { description: tool.description }),
    // OpenAI refuses an object that does not say that it has no properties.
    parameters: { type: 'object', properties: {}, ...tool.schema },
    // Here, and nowhere else, a tool that says nothing is strict, and its schema may be refused for it.
    strict: tool.strict === true && isStrictSchema(tool.schema),
  }
}

function writeFormat(format: OutputFormat): Document {
  if (format.type === 'json_object') return { type: 'json_object' }
  const { name, schema, description, strict } = format
  return {
    type: 'json_schema',
    name,
    schema,
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict: strict && isStrictSchema(schema) }),
  }
}

function writeReasoning(
  reasoning: ReasoningRequest | undefined,
  model: string,
  dropped: Set<string>,
): Document {
  if (!reasoning) return {}
  const asked = effortOf(reasoning)
  // Whoever does not think has nothing to turn off, and refuses to be asked.
  if (neverThinks.test(model)) {
    if (asked !== undefined && asked !== 'none') dropped.add('reasoning_effort')
    return {}
  }
  const { summary } = reasoning
  if (asked === undefined && summary === undefined) return {}
  return {
    reasoning: {
      ...(asked !== undefined && { effort: thinks.test(model) ? effortFor(model, asked) : asked }),
      ...(summary !== undefined && { summary }),
    },
  }
}

/** OpenAI takes texts alone. */
function writeMetadata(metadata: Record<string, unknown> | undefined, dropped: Set<string>): Document {
  if (!metadata) return {}
  if (Object.values(metadata).every((value) => typeof value === 'string')) return { metadata }
  dropped.add('metadata')
  return {}
}
