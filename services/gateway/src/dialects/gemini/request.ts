import type {
  Conversation,
  OutputFormat,
  Sampling,
  Tool,
  ToolChoice,
} from '../../conversation/conversation.js'
import { unsupported, type Document, type Naming, type WrittenRequest } from '../../conversation/dialect.js'
import { writeServiceTier } from '../../conversation/service-tier.js'
import { writeContents } from './content.js'
import { writeThinking } from './thinking.js'

/** Writes a request of `generateContent`; whether it streams, and the model, are said in its URL. */
export function writeRequest(conversation: Conversation, { model }: Naming): WrittenRequest {
  const dropped = new Set<string>()
  const system = writeSystem(conversation, dropped)
  const turns = conversation.turns.filter(({ role }) => role !== 'system')
  const contents = writeContents(turns, { model, isGemini3: generationOf(model) >= 3, dropped })
  const offered = conversation.tools.filter(
    // What it runs itself cannot be offered and forbidden.
    ({ type }) => type === 'function' || conversation.toolChoice !== 'none',
  )
  const tools = writeTools(offered, model, dropped)
  const generationConfig = {
    ...writeSampling(conversation.sampling, dropped),
    ...writeFormat(conversation.outputFormat, dropped),
    ...writeThinking(conversation.reasoning, model, dropped),
  }
  if (conversation.parallelToolCalls === false) dropped.add('parallel_tool_calls')
  if (conversation.user !== undefined) dropped.add('user')
  if (conversation.metadata !== undefined) dropped.add('metadata')
  const serviceTier = writeServiceTier(conversation.serviceTier, dropped)
  const document: Document = {
    contents,
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...(tools.length > 0 && { tools }),
    ...(conversation.toolChoice !== undefined &&
      offered.some(({ type }) => type === 'function') && {
        toolConfig: writeToolChoice(conversation.toolChoice),
      }),
    ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
  return { document, dropped: [...dropped] }
}

/** 2 for gemini-2.5-pro; 0 for a name that does not tell. */
const generationOf = (model: string): number => Number(/gemini-(\d+)/.exec(model)?.[1] ?? 0)

/** Gemini hears instructions only before all turns; what stood amidst them keeps its order and its weight. */
function writeSystem(conversation: Conversation, dropped: Set<string>): Document[] {
  const amidst = conversation.turns
    .filter(({ role }) => role === 'system')
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === 'text' ? [part] : []))
  return [...conversation.system, ...amidst].map(({ text, cache }) => {
    if (cache) dropped.add('cache_control')
    return { text }
  })
}

function writeTools(tools: Tool[], model: string, dropped: Set<string>): Document[] {
  const functionDeclarations: Document[] = []
  const native: Document[] = []
  for (const tool of tools) {
    if (tool.type === 'native') {
      if (tool.dialect !== 'gemini') throw unsupported(model, tool.name)
      native.push(tool.value)
      continue
    }
    if (tool.strict === true) dropped.add('strict')
    if (tool.cache) dropped.add('cache_control')
    functionDeclarations.push({
      name: tool.name,
      ...(tool.description !== undefined && { description: tool.description }),
      ...(tool.schema && { parametersJsonSchema: tool.schema }),
    })
  }
  return functionDeclarations.length > 0 ? [{ functionDeclarations }, ...native] : native
}

function writeToolChoice(choice: ToolChoice): Document {
  if (typeof choice === 'object') {
    return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [choice.name] } }
  }
  return { functionCallingConfig: { mode: { auto: 'AUTO', none: 'NONE', required: 'ANY' }[choice] } }
}

function writeSampling(sampling: Sampling, dropped: Set<string>): Document {
  const { maxOutputTokens, temperature, topP, topK, stop, n, seed, topLogprobs } = sampling
  const { frequencyPenalty, presencePenalty, logitBias } = sampling
  if (logitBias && Object.keys(logitBias).length > 0) dropped.add('logit_bias')
  // It is a signed integer of 32 bits there.
  const isSeed = seed !== undefined && Number.isInteger(seed) && Math.abs(seed) < 2 ** 31
  if (seed !== undefined && !isSeed) dropped.add('seed')
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(stop && stop.length > 0 && { stopSequences: stop }),
    ...(n !== undefined && n > 1 && { candidateCount: n }),
    ...(isSeed && { seed }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(topLogprobs !== undefined && { responseLogprobs: true }),
    ...(topLogprobs !== undefined && topLogprobs > 0 && { logprobs: topLogprobs }),
  }
}

function writeFormat(format: OutputFormat | undefined, dropped: Set<string>): Document {
  if (!format) return {}
  if (format.type === 'json_object') return { responseMimeType: 'application/json' }
  if (format.description !== undefined) dropped.add('description')
  return { responseMimeType: 'application/json', responseJsonSchema: format.schema }
}
