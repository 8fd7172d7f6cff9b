import type { Conversation, ReasoningRequest, Turn } from '../../conversation/conversation.js'
import { effortOfBudget } from '../../conversation/effort.js'
import type { Document } from '../../conversation/dialect.js'
import { featuresOf } from '../anthropic-messages/model.js'
import { writeThinking } from '../anthropic-messages/thinking.js'

/** Whose model it is: what is not Converse's own is asked for in its maker's words. */
type Family = 'claude' | 'nova' | 'gpt' | 'other'

export function familyOf(model: string): Family {
  if (/claude|anthropic\./.test(model)) return 'claude'
  if (model.includes('nova')) return 'nova'
  return /openai\.|gpt-oss/.test(model) ? 'gpt' : 'other'
}

/** What a request says in Converse's own words, and in those of the model's maker. */
interface ModelSettings {
  inference: Document
  fields: Document
}

/** Sampling and reasoning, as the model takes them. */
export function writeSettings(
  conversation: Conversation,
  model: string,
  dropped: Set<string>,
): ModelSettings {
  const { maxOutputTokens, temperature, topP, topK, stop } = conversation.sampling
  const stops = stop?.filter((sequence) => sequence.trim() !== '') ?? []
  if (stops.length < (stop?.length ?? 0)) dropped.add('stop')
  const settings: ModelSettings = {
    inference: {
      ...(maxOutputTokens !== undefined && { maxTokens: maxOutputTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
      ...(stops.length > 0 && { stopSequences: stops }),
    },
    fields: {},
  }
  const family = familyOf(model)
  if (family === 'claude') writeClaude(conversation, model, settings, dropped)
  else if (family === 'nova') writeNova(conversation, settings)
  else {
    if (topK !== undefined) dropped.add('top_k')
    const effort = conversation.reasoning && effortOf(conversation.reasoning)
    if (family === 'gpt' && effort !== undefined) settings.fields['reasoning_effort'] = effort
    else if (conversation.reasoning) dropped.add('reasoning_effort')
  }
  return settings
}

function writeClaude(
  conversation: Conversation,
  model: string,
  { inference, fields }: ModelSettings,
  dropped: Set<string>,
): void {
  const features = featuresOf(model)
  const { maxOutputTokens, topK } = conversation.sampling
  const turns = conversation.reasoning ? conversation.turns.map(asAnthropic) : conversation.turns
  const most = maxOutputTokens ?? features.defaultMaxTokens
  const { thinking, effort } = writeThinking({ ...conversation, turns }, features, most, dropped)
  if (thinking) fields['thinking'] = thinking
  if (effort !== undefined) fields['output_config'] = { effort }
  const isThinking = thinking?.['type'] === 'enabled'
  // What it may think is part of what it may answer, and Bedrock's default leaves no room for both.
  if (isThinking) inference['maxTokens'] = most
  const isFree = features.sampling !== 'none' && !isThinking
  if (topK !== undefined && isFree) fields['top_k'] = topK
  else if (topK !== undefined) dropped.add('top_k')
  if (typeof inference['temperature'] === 'number' && inference['temperature'] > 1) {
    inference['temperature'] = 1
    dropped.add('temperature')
  }
  if (!isFree) {
    for (const [field, name] of [
      ['temperature', 'temperature'],
      ['topP', 'top_p'],
    ] as const) {
      if (inference[field] !== undefined && inference[field] !== 1) dropped.add(name)
      delete inference[field]
    }
  } else if (
    features.sampling === 'one' &&
    inference['temperature'] !== undefined &&
    inference['topP'] !== undefined
  ) {
    if (inference['topP'] !== 1) dropped.add('top_p')
    delete inference['topP']
  }
}

/** Anthropic's rules of thinking hold for proofs that came through Bedrock as well. */
function asAnthropic(turn: Turn): Turn {
  const parts = turn.parts.map((part) =>
    part.type === 'reasoning' && part.signature?.by === 'bedrock-converse'
      ? { ...part, signature: { ...part.signature, by: 'anthropic-messages' as const } }
      : part,
  )
  return { ...turn, parts }
}

function writeNova({ reasoning, sampling }: Conversation, { fields }: ModelSettings): void {
  if (sampling.topK !== undefined) fields['inferenceConfig'] = { topK: sampling.topK }
  if (!reasoning) return
  const effort = effortOf(reasoning)
  fields['reasoningConfig'] =
    effort === undefined ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: effort }
}

const efforts: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}

/** low, medium or high; undefined: it shall not think. */
function effortOf({ effort, budgetTokens }: ReasoningRequest): string | undefined {
  if (effort === 'none') return undefined
  if (effort !== undefined) return efforts[effort] ?? 'medium'
  if (budgetTokens === undefined) return 'medium'
  const near = effortOfBudget(budgetTokens)
  return near === 'none' ? 'low' : near
}
