import { createHash } from 'node:crypto'
import type {
  Conversation,
  NativeTool,
  OutputFormat,
  ReasoningRequest,
  Sampling,
  Tool,
  ToolChoice,
} from '../../conversation/conversation.js'
import { unsupported, type Document, type Naming, type WrittenRequest } from '../../conversation/dialect.js'
import { effortFor, effortOf, reasoningModel } from './effort.js'
import { writeMessages } from './message-writer.js'
import { isStrictSchema } from './strict-schema.js'

/** Writes a chat completion request. */
export function writeRequest(conversation: Conversation, naming: Naming): WrittenRequest {
  const { model } = naming
  const dropped = new Set<string>()
  const { system, turns, tools, toolChoice, parallelToolCalls, outputFormat } = conversation
  const { reasoning, user, serviceTier, stream } = conversation
  if (conversation.metadata) dropped.add('metadata')
  // A search of the web is a field of the request, not one of its tools.
  const search = tools.find(isSearch)
  const others = tools.filter((tool) => !isSearch(tool))
  const hasTools = others.length > 0
  const document: Document = {
    model,
    messages: writeMessages(system, turns, { model, dropped }),
    ...(search && { web_search_options: search.value }),
    ...(hasTools && { tools: others.map((tool) => writeTool(tool, model, dropped)) }),
    ...(hasTools && toolChoice !== undefined && { tool_choice: writeToolChoice(toolChoice) }),
    ...(hasTools && parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
    ...(outputFormat && { response_format: writeFormat(outputFormat) }),
    ...writeSampling(conversation.sampling, naming, dropped),
    ...(reasoning && writeReasoning(reasoning, naming, dropped)),
    ...(user !== undefined && { user: writeUser(user) }),
    ...(serviceTier !== undefined && { service_tier: serviceTier }),
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  }
  return { document, dropped: [...dropped] }
}

/** Models of others that are asked to in the same way. */
const compatibleReasoningModel =
  /gpt-oss|deepseek|qwen|glm|kimi|magistral|grok|gemini|claude|minimax|think|reason|[-_/]r1/i

const isOpenAi = ({ providerType, model }: Naming): boolean =>
  providerType === undefined
    ? /^(gpt-(?!oss)|o\d|chatgpt|codex)/i.test(model)
    : providerType === 'openai' || providerType === 'azure_openai'

function writeSampling(sampling: Sampling, naming: Naming, dropped: Set<string>): Document {
  const { maxOutputTokens, temperature, topP, topK, stop, n, seed, topLogprobs } = sampling
  const { frequencyPenalty, presencePenalty, logitBias } = sampling
  const isOfOpenAi = isOpenAi(naming)
  const limit = isOfOpenAi ? 'max_completion_tokens' : 'max_tokens'
  const isFixed = isOfOpenAi && reasoningModel.test(naming.model)
  const isTemperature = temperature !== undefined && !(isFixed && temperature !== 1)
  const isTopP = topP !== undefined && !(isFixed && topP !== 1)
  if (temperature !== undefined && !isTemperature) dropped.add('temperature')
  if (topP !== undefined && !isTopP) dropped.add('top_p')
  if (topK !== undefined) dropped.add('top_k')
  return {
    ...(maxOutputTokens !== undefined && { [limit]: maxOutputTokens }),
    ...(isTemperature && { temperature }),
    ...(isTopP && { top_p: topP }),
    ...(stop && stop.length > 0 && { stop }),
    ...(n !== undefined && { n }),
    ...(seed !== undefined && { seed }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(logitBias && { logit_bias: logitBias }),
    ...(topLogprobs !== undefined && {
      logprobs: true,
      ...(topLogprobs > 0 && { top_logprobs: topLogprobs }),
    }),
  }
}

function writeReasoning(reasoning: ReasoningRequest, naming: Naming, dropped: Set<string>): Document {
  const isOfOpenAi = isOpenAi(naming)
  const reasons = (isOfOpenAi ? reasoningModel : compatibleReasoningModel).test(naming.model)
  const effort = effortOf(reasoning)
  if (effort === undefined) return {}
  // Whoever does not reason has nothing to turn off, and most refuse the field.
  if (!reasons) {
    if (effort !== 'none') dropped.add('reasoning_effort')
    return {}
  }
  return { reasoning_effort: isOfOpenAi ? effortFor(naming.model, effort) : effort }
}

const isSearch = (tool: Tool): tool is NativeTool =>
  tool.type === 'native' && tool.dialect === 'openai-chat' && tool.name === 'web_search_options'

function writeTool(tool: Tool, model: string, dropped: Set<string>): Document {
  if (tool.type === 'native') {
    if (tool.dialect !== 'openai-chat') throw unsupported(model, tool.name)
    return tool.value
  }
  if (tool.cache) dropped.add('cache_control')
  const { name, description, schema, strict } = tool
  return {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      // OpenAI refuses an object that does not say that it has no properties.
      parameters: { type: 'object', properties: {}, ...schema },
      ...(strict !== undefined && { strict: strict && isStrictSchema(schema) }),
    },
  }
}

const writeToolChoice = (choice: ToolChoice): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }

function writeFormat(format: OutputFormat): Document {
  if (format.type === 'json_object') return { type: 'json_object' }
  const { name, description, schema, strict } = format
  return {
    type: 'json_schema',
    json_schema: {
      name: name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64),
      ...(description !== undefined && { description }),
      schema,
      ...(strict !== undefined && { strict: strict && isStrictSchema(schema) }),
    },
  }
}

/** OpenAI takes 64 characters; who is longer stays one and the same. */
const writeUser = (user: string): string =>
  user.length <= 64 ? user : createHash('sha256').update(user).digest('hex')
