import type { ReasoningRequest } from '../../conversation/conversation.js'
import { effortOfBudget } from '../../conversation/effort.js'
import type { Document } from '../../conversation/dialect.js'

/** Google's own table for OpenAI's efforts. */
const budgets: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
}
const levels: Readonly<Record<string, string>> = {
  none: 'minimal',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
}

/** Gemini 3 takes a level, Gemini 2.5 a number of tokens, and what is older does not think. */
export function writeThinking(
  reasoning: ReasoningRequest | undefined,
  model: string,
  dropped: Set<string>,
): Document {
  if (!reasoning) return {}
  if (/gemini-(1|2\.0)/.test(model)) {
    if (reasoning.effort !== 'none') dropped.add('reasoning_effort')
    return {}
  }
  const generation = Number(/gemini-(\d+)/.exec(model)?.[1] ?? 0)
  const config = {
    ...(generation >= 3 ? levelOf(reasoning, model) : budgetOf(reasoning, model)),
    ...(reasoning.summary !== undefined && { includeThoughts: true }),
  }
  return Object.keys(config).length === 0 ? {} : { thinkingConfig: config }
}

function levelOf({ effort, budgetTokens }: ReasoningRequest, model: string): Document {
  const asked =
    effort ?? (budgetTokens === undefined || budgetTokens < 0 ? undefined : effortOfBudget(budgetTokens))
  const level = asked === undefined ? undefined : levels[asked]
  if (level === undefined) return {}
  // Its Pro models know none below low, and the first of them none between low and high.
  if (model.includes('-pro') && level === 'minimal') return { thinkingLevel: 'low' }
  if (model.includes('gemini-3-pro') && level === 'medium') return { thinkingLevel: 'high' }
  return { thinkingLevel: level }
}

function budgetOf({ effort, budgetTokens, adaptive }: ReasoningRequest, model: string): Document {
  const asked =
    budgetTokens ??
    (effort === 'none' ? 0 : effort === undefined ? undefined : (budgets[effort] ?? -1)) ??
    (adaptive === true ? -1 : undefined)
  if (asked === undefined) return {}
  if (asked < 0) return { thinkingBudget: -1 }
  // What lies outside a model's range is refused; the Pro model cannot but think.
  const isPro = model.includes('-pro')
  const least = isPro ? 128 : asked > 0 && model.includes('-lite') ? 512 : 0
  return { thinkingBudget: Math.min(Math.max(asked, least), isPro ? 32_768 : 24_576) }
}
