import type { Conversation, Sampling, Tool, ToolChoice, Turn } from '../../conversation/conversation.js'
import { unsupported, type Document, type Naming, type WrittenRequest } from '../../conversation/dialect.js'
import { writeCache, writeMessages, writeSystem } from './content-writer.js'
import { featuresOf, type ModelFeatures } from './model.js'
import { toAnthropicSchema } from './schema.js'
import { writeThinking } from './thinking.js'

/** Writes a request of the Messages API. */
export function writeRequest(conversation: Conversation, { model }: Naming): WrittenRequest {
  const dropped = new Set<string>()
  const features = featuresOf(model)
  const { tools, toolChoice, sampling, user, serviceTier, stream } = conversation
  refuseUnsayable(sampling, model)
  const maxTokens = sampling.maxOutputTokens ?? features.defaultMaxTokens
  const { thinking, effort } = writeThinking(conversation, features, maxTokens, dropped)
  const format = writeFormat(conversation, features, model)
  const { system, turns } = withInstructions(conversation, dropped)
  const output = { ...(effort !== undefined && { effort }), ...(format && { format }) }
  const choice = tools.length > 0 ? writeToolChoice(toolChoice, conversation.parallelToolCalls) : undefined
  if (conversation.metadata) dropped.add('metadata')
  const tier = writeServiceTier(serviceTier, dropped)
  const document: Document = {
    model,
    max_tokens: maxTokens,
    ...(system.length > 0 && { system: writeSystem(system) }),
    messages: writeMessages(turns, { model, dropped }),
    ...writeTools(tools, model, features),
    ...(choice && { tool_choice: choice }),
    ...(thinking && { thinking }),
    ...(Object.keys(output).length > 0 && { output_config: output }),
    ...writeSampling(sampling, features, thinking?.['type'] === 'enabled', dropped),
    ...(user !== undefined && { metadata: { user_id: user } }),
    ...(tier !== undefined && { service_tier: tier }),
    ...(stream && { stream: true }),
  }
  return { document, dropped: [...dropped] }
}

/** What changes the answer, and Anthropic has not. */
function refuseUnsayable({ n, topLogprobs }: Sampling, model: string): void {
  if (n !== undefined && n > 1) throw unsupported(model, 'n')
  if (topLogprobs !== undefined) throw unsupported(model, 'logprobs')
}

function writeSampling(
  sampling: Sampling,
  features: ModelFeatures,
  isThinking: boolean,
  dropped: Set<string>,
): Document {
  const { temperature, topP, topK, stop, seed, frequencyPenalty, presencePenalty, logitBias } = sampling
  if (seed !== undefined) dropped.add('seed')
  if (frequencyPenalty !== undefined && frequencyPenalty !== 0) dropped.add('frequency_penalty')
  if (presencePenalty !== undefined && presencePenalty !== 0) dropped.add('presence_penalty')
  if (logitBias && Object.keys(logitBias).length > 0) dropped.add('logit_bias')
  const written: Document = {}
  const isFree = features.sampling !== 'none' && !isThinking
  if (temperature !== undefined) {
    if (isFree) written['temperature'] = Math.min(temperature, 1)
    // What is said there goes to 2.
    if ((isFree && temperature > 1) || (!isFree && temperature !== 1)) dropped.add('temperature')
  }
  if (topP !== undefined) {
    const isTaken = isFree && (features.sampling === 'all' || temperature === undefined)
    if (isTaken) written['top_p'] = topP
    else if (topP !== 1) dropped.add('top_p')
  }
  if (topK !== undefined) {
    if (isFree) written['top_k'] = topK
    else dropped.add('top_k')
  }
  const stops = stop?.filter((sequence) => sequence.trim() !== '') ?? []
  if (stops.length < (stop?.length ?? 0)) dropped.add('stop')
  if (stops.length > 0) written['stop_sequences'] = stops
  return written
}

/** Anthropic has no answer of JSON without a schema: the model is told. */
export const jsonInstruction = 'Answer with one JSON object and nothing else.'

/** At least one turn is asked for: where there are none, the instructions are what is said. */
function withInstructions(
  { system, turns, outputFormat }: Conversation,
  dropped: Set<string>,
): { system: Conversation['system']; turns: Turn[] } {
  const told = [...system]
  if (outputFormat?.type === 'json_object') {
    dropped.add('response_format')
    told.push({ type: 'text', text: jsonInstruction })
  }
  const isSaid = turns.some(({ parts }) => parts.length > 0)
  return isSaid ? { system: told, turns } : { system: [], turns: [{ role: 'user', parts: told }] }
}

function writeFormat(
  { outputFormat }: Conversation,
  features: ModelFeatures,
  model: string,
): Document | undefined {
  if (outputFormat?.type !== 'json_schema') return undefined
  if (!features.structuredOutput) throw unsupported(model, 'response_format')
  return { type: 'json_schema', schema: toAnthropicSchema(outputFormat.schema) }
}

/** Servers of tools stand beside the tools. */
function writeTools(tools: Tool[], model: string, features: ModelFeatures): Document {
  const isServer = (tool: Tool) => tool.type === 'native' && tool.name === 'mcp_servers'
  const servers = tools.filter(isServer).map((tool) => writeTool(tool, model, features))
  const others = tools.filter((tool) => !isServer(tool)).map((tool) => writeTool(tool, model, features))
  return { ...(others.length > 0 && { tools: others }), ...(servers.length > 0 && { mcp_servers: servers }) }
}

function writeTool(tool: Tool, model: string, features: ModelFeatures): Document {
  if (tool.type === 'native') {
    if (tool.dialect !== 'anthropic-messages') throw unsupported(model, tool.name)
    return tool.value
  }
  const { name, description, schema, strict, cache } = tool
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { type: 'object', ...(schema ?? { properties: {} }) },
    ...(strict === true &&
      features.structuredOutput && {
        strict: true,
        input_schema: toAnthropicSchema(schema ?? { type: 'object' }),
      }),
    ...writeCache(cache),
  }
}

function writeToolChoice(
  choice: ToolChoice | undefined,
  parallel: boolean | undefined,
): Document | undefined {
  const serial = parallel === false && choice !== 'none' ? { disable_parallel_tool_use: true } : {}
  if (choice === undefined) return parallel === false ? { type: 'auto', ...serial } : undefined
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...serial }
  return { type: { auto: 'auto', none: 'none', required: 'any' }[choice], ...serial }
}

function writeServiceTier(tier: string | undefined, dropped: Set<string>): string | undefined {
  if (tier === undefined) return undefined
  if (tier === 'auto') return 'auto'
  if (tier === 'default') return 'standard_only'
  dropped.add('service_tier')
  return undefined
}
