import type { Conversation, ReasoningRequest, Turn } from '../../conversation/conversation.js'
import { effortOfBudget } from '../../conversation/effort.js'
import type { Document } from '../../conversation/dialect.js'
import type { ModelFeatures } from './model.js'

const leastBudget = 1_024

/** Tokens that a model without efforts gets to think, by the effort that others would be asked for. */
const budgets: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_768,
}

interface Thinking {
  thinking?: Document
  /** `output_config.effort`. */
  effort?: string
}

/** How a model of Anthropic is asked to think; what it cannot be asked is dropped and told. */
export function writeThinking(
  conversation: Conversation,
  features: ModelFeatures,
  maxTokens: number,
  dropped: Set<string>,
): Thinking {
  const { reasoning } = conversation
  if (!reasoning) return {}
  if (reasoning.effort === 'none') {
    if (features.thinksByDefault === 'always') dropped.add('reasoning_effort')
    return features.thinksByDefault === true ? { thinking: { type: 'disabled' } } : {}
  }
  if (features.thinking === 'adaptive') {
    const { thinking, ...told } = writeAdaptive(reasoning, features)
    if (features.thinksByDefault || !isForced(conversation)) return { thinking, ...told }
    dropped.add('reasoning_effort')
    return told
  }
  const effort = nearest(reasoning.effort, features.efforts)
  const told = effort === undefined ? {} : { effort }
  const budget = budgetOf(reasoning)
  if (budget === undefined) return told
  // Anthropic counts thinking in what is answered at most, wants some left, and never less than its least.
  const taken = Math.min(Math.max(budget, leastBudget), maxTokens - 1)
  const isPossible = features.thinking === 'budget' && taken >= leastBudget && !mayNotThink(conversation)
  if (!isPossible) {
    dropped.add('reasoning_effort')
    return told
  }
  return { thinking: { type: 'enabled', budget_tokens: taken }, ...told }
}

function writeAdaptive(
  reasoning: ReasoningRequest,
  features: ModelFeatures,
): Thinking & Required<Pick<Thinking, 'thinking'>> {
  const { budgetTokens, summary } = reasoning
  const asked = reasoning.effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens))
  const effort = nearest(asked, features.efforts)
  const thinking = { type: 'adaptive', ...(summary !== undefined && { display: 'summarized' }) }
  return { thinking, ...(effort !== undefined && { effort }) }
}

function budgetOf({ effort, budgetTokens, adaptive }: ReasoningRequest): number | undefined {
  return budgetTokens ?? budgets[effort ?? ''] ?? (adaptive ? budgets['medium'] : undefined)
}

const rising = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** The effort that was asked for, or the next lower one that the model knows, or its lowest. */
function nearest(effort: string | undefined, known: readonly string[]): string | undefined {
  const asked = rising.indexOf(effort ?? '')
  if (asked < 0 || known.length === 0) return undefined
  return known.findLast((name) => rising.indexOf(name) <= asked) ?? known[0]
}

/** Where a tool is forced, or was called without a thought that Anthropic has signed, thinking is refused. */
const mayNotThink = (conversation: Conversation): boolean =>
  isForced(conversation) || conversation.turns.slice(lastQuestion(conversation.turns)).some(isThoughtless)

const isForced = ({ tools, toolChoice }: Conversation): boolean =>
  tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object')

/** Where what is still being worked on was asked. */
function lastQuestion(turns: Turn[]): number {
  return Math.max(
    0,
    turns.findLastIndex(
      ({ role, parts }) => role === 'user' && !parts.some(({ type }) => type === 'tool_result'),
    ),
  )
}

function isThoughtless({ role, parts }: Turn): boolean {
  const isSigned = parts.some(
    (part) => part.type === 'reasoning' && part.signature?.by === 'anthropic-messages',
  )
  return role === 'assistant' && !isSigned && parts.some(({ type }) => type === 'tool_call')
}
