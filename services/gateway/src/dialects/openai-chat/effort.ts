import type { ReasoningRequest } from '../../conversation/conversation.js'
import { effortOfBudget } from '../../conversation/effort.js'

/** Models of OpenAI that reason, by their names. */
export const reasoningModel = /(^|[/_-])(o\d|gpt-[5-9]|codex)(?!.*-chat)/i

/** The effort that was named, or the one that a budget of tokens comes near to. */
export function effortOf({ effort, budgetTokens, adaptive }: ReasoningRequest): string | undefined {
  if (effort !== undefined) return effort
  return budgetTokens === undefined || adaptive ? undefined : effortOfBudget(budgetTokens)
}

/** The nearest that a model knows: which efforts there are has changed with every generation. */
export function effortFor(model: string, effort: string): string {
  const version = Number(/gpt-(\d+(?:\.\d+)?)/i.exec(model)?.[1] ?? 0)
  if (effort === 'none') return version > 5 ? 'none' : version === 5 ? 'minimal' : 'low'
  if (effort === 'minimal') return version === 5 ? 'minimal' : 'low'
  if (effort === 'xhigh' || effort === 'max') return version > 5.1 ? 'xhigh' : 'high'
  return effort
}
