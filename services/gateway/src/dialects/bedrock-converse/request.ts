import type { Conversation, OutputFormat, Tool, ToolChoice, Turn } from '../../conversation/conversation.js'
import { unsupported, type Document, type Naming, type WrittenRequest } from '../../conversation/dialect.js'
import { writeServiceTier } from '../../conversation/service-tier.js'
import { jsonInstruction } from '../anthropic-messages/request-writer.js'
import { writeCache, writeMessages } from './content.js'
import { familyOf, writeSettings } from './model-fields.js'

/** Writes a request of Converse and ConverseStream; which of them, and the model, are said in its URL. */
export function writeRequest(conversation: Conversation, { model }: Naming): WrittenRequest {
  const dropped = new Set<string>()
  refuseUnsayable(conversation, model)
  dropUnsayable(conversation, dropped)
  const isClaude = familyOf(model) === 'claude'
  const spoken = conversation.turns.filter(({ role }) => role !== 'system')
  const said = writeMessages(spoken, { model, isClaude, dropped, documents: 0 })
  const told = writeSystem(conversation, dropped)
  // At least one message is asked for: where there are none, the instructions are what is said.
  const [messages, system] = said.length > 0 ? [said, told] : [[{ role: 'user', content: told }], []]
  const { inference, fields } = writeSettings(conversation, model, dropped)
  const toolConfig = writeTools(conversation, model, spoken)
  const serviceTier = writeServiceTier(conversation.serviceTier, dropped)
  const metadata = writeMetadata(conversation.metadata, dropped)
  const document: Document = {
    messages,
    ...(system.length > 0 && { system }),
    ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
    ...(toolConfig && { toolConfig }),
    ...(Object.keys(fields).length > 0 && { additionalModelRequestFields: fields }),
    // Claude alone tells which sequence stopped it, when it is asked to.
    ...(isClaude &&
      inference['stopSequences'] !== undefined && { additionalModelResponseFieldPaths: ['/stop_sequence'] }),
    ...writeFormat(conversation.outputFormat),
    ...(metadata && { requestMetadata: metadata }),
    ...(serviceTier !== undefined && { serviceTier: { type: serviceTier } }),
  }
  return { document, dropped: [...dropped] }
}

/** What changes the answer, and Converse has not. */
function refuseUnsayable({ sampling }: Conversation, model: string): void {
  if (sampling.n !== undefined && sampling.n > 1) throw unsupported(model, 'n')
  if (sampling.topLogprobs !== undefined) throw unsupported(model, 'logprobs')
}

function dropUnsayable({ sampling, user, parallelToolCalls }: Conversation, dropped: Set<string>): void {
  if (sampling.seed !== undefined) dropped.add('seed')
  if (sampling.frequencyPenalty) dropped.add('frequency_penalty')
  if (sampling.presencePenalty) dropped.add('presence_penalty')
  if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) dropped.add('logit_bias')
  if (user !== undefined) dropped.add('user')
  if (parallelToolCalls === false) dropped.add('parallel_tool_calls')
}

/** Instructions amidst the turns join those before them: there is no other place for their weight. */
function writeSystem({ system, turns, outputFormat }: Conversation, dropped: Set<string>): Document[] {
  const amidst = turns.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts)
  const written = [...system, ...amidst].flatMap((part) =>
    part.type === 'text' && part.text.trim() !== '' ? [{ text: part.text }, ...writeCache(part.cache)] : [],
  )
  if (outputFormat?.type !== 'json_object') return written
  // Converse has no answer of JSON without a schema: the model is told.
  dropped.add('response_format')
  return [...written, { text: jsonInstruction }]
}

function writeTools({ tools, toolChoice }: Conversation, model: string, turns: Turn[]): Document | undefined {
  const called = calledTools(turns)
  if (toolChoice === 'none' && called.size > 0 && tools.length > 0) throw unsupported(model, 'tool_choice')
  const isOffered = tools.length > 0 && toolChoice !== 'none'
  const told = isOffered ? tools.flatMap((tool) => writeTool(tool, model)) : []
  if (!isOffered) {
    // A history with calls is refused without the tools that were called.
    for (const name of called) told.push(toolSpec({ name }))
  }
  if (told.length === 0) return undefined
  const choice = isOffered && toolChoice !== undefined ? { toolChoice: writeChoice(toolChoice) } : {}
  return { tools: told, ...choice }
}

function calledTools(turns: Turn[]): Set<string> {
  return new Set(
    turns.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'tool_call' ? [part.name] : []))),
  )
}

function writeTool(tool: Tool, model: string): Document[] {
  if (tool.type === 'function') return [toolSpec(tool), ...writeCache(tool.cache)]
  if (tool.dialect !== 'bedrock-converse') throw unsupported(model, tool.name)
  return [tool.value]
}

function toolSpec(
  tool: Pick<Extract<Tool, { type: 'function' }>, 'name' | 'description' | 'schema' | 'strict'>,
) {
  const { name, description, schema, strict } = tool
  return {
    toolSpec: {
      name,
      ...(description !== undefined && description !== '' && { description }),
      inputSchema: { json: { type: 'object', ...(schema ?? { properties: {} }) } },
      ...(strict === true && { strict }),
    },
  }
}

function writeChoice(choice: ToolChoice): Document {
  if (typeof choice === 'object') return { tool: { name: choice.name } }
  return choice === 'required' ? { any: {} } : { auto: {} }
}

function writeFormat(format: OutputFormat | undefined): Document {
  if (format?.type !== 'json_schema') return {}
  const { name, description, schema } = format
  const jsonSchema = {
    schema: JSON.stringify(schema),
    name,
    ...(description !== undefined && { description }),
  }
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } }
}

/** Bedrock takes 16 short texts. */
function writeMetadata(
  metadata: Record<string, unknown> | undefined,
  dropped: Set<string>,
): Document | undefined {
  const entries = Object.entries(metadata ?? {})
  if (entries.length === 0) return undefined
  const isTaken = entries.every(
    ([name, value]) => typeof value === 'string' && value.length <= 256 && name.length <= 256,
  )
  if (isTaken && entries.length <= 16) return metadata
  dropped.add('metadata')
  return undefined
}
