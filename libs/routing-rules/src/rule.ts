import { type ASTNode, Environment } from '@marcbachmann/cel-js'

/** What the rules of a deployment can ask about a request. */
export interface RequestFacts {
  /** What the caller wrote in `model`. */
  model: string
  /** An estimate of the tokens that are sent; whole. */
  inputTokens: number
  hasTools: boolean
  /** The answer is to be streamed. */
  stream: boolean
  /** By their names in lower case. */
  headers: Readonly<Record<string, string>>
  /** The request's own `metadata`. */
  metadata: Readonly<Record<string, string>>
  nowMs: number
  /** The smallest share that is left of the hard budgets that pay, 0 to 1; 1 when there is none. */
  budgetLeftRatio: number
}

/** Facts in the types of CEL; made once a request. */
export type RuleContext = Readonly<Record<string, unknown>>

/** A rule, ready to be asked. */
export interface RoutingRule {
  /** Whether it matches. What cannot be evaluated, such as a header that was not sent, does not match. */
  matches(context: RuleContext): boolean
}

/** The variables of rules with their types in CEL; the one list that docs are made from. */
export const ruleVariables = {
  model: 'string',
  input_tokens: 'int',
  has_tools: 'bool',
  stream: 'bool',
  headers: 'map<string, string>',
  metadata: 'map<string, string>',
  hour: 'int',
  weekday: 'int',
  now: 'google.protobuf.Timestamp',
  budget_left_ratio: 'double',
} as const

/** Longest rule, in characters. */
export const maxRuleLength = 2_000

const limits = { maxAstNodes: 200, maxDepth: 20, maxListElements: 100, maxMapEntries: 100 }

const environment = new Environment({ unlistedVariablesAreDyn: false, limits })
for (const [name, type] of Object.entries(ruleVariables)) environment.registerVariable(name, type)

const loops = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** Why an expression cannot be a rule, for people; undefined: it can. */
export function findRuleMistake(expression: string): string | undefined {
  if (expression.length > maxRuleLength) return `is longer than ${maxRuleLength} characters`
  const checked = environment.check(expression)
  if (!checked.valid) return `is no CEL expression over these variables: ${firstLine(checked.error)}`
  if (checked.type !== 'bool') return `must be true or false, and is of type ${checked.type ?? 'dyn'}`
  return findSlowness(environment.parse(expression).ast, 0)
}

/** Makes a rule ready. Throws for what `findRuleMistake` finds a mistake in. */
export function compileRule(expression: string): RoutingRule {
  const mistake = findRuleMistake(expression)
  if (mistake !== undefined) throw new Error(`The rule ${mistake}.`)
  const evaluate = environment.parse(expression)
  return {
    matches(context) {
      try {
        return evaluate(context) === true
      } catch {
        return false
      }
    },
  }
}

/** The facts of a request for its rules. Hour and weekday (1 Monday to 7 Sunday) are UTC's. */
export function toRuleContext(facts: RequestFacts): RuleContext {
  const now = new Date(facts.nowMs)
  return {
    model: facts.model,
    input_tokens: BigInt(Math.ceil(facts.inputTokens)),
    has_tools: facts.hasTools,
    stream: facts.stream,
    headers: facts.headers,
    metadata: facts.metadata,
    hour: BigInt(now.getUTCHours()),
    weekday: BigInt(now.getUTCDay() || 7),
    now,
    budget_left_ratio: facts.budgetLeftRatio,
  }
}

function firstLine(error: Error | undefined): string {
  return error?.message.split('\n')[0] ?? 'it cannot be parsed'
}

/**
 * Rules run in the gateway's event loop, once a request: nothing in them may take long. `matches` runs
 * a backtracking engine; loops in loops multiply.
 */
function findSlowness(node: ASTNode, loopDepth: number): string | undefined {
  const { op, args } = node
  const name = op === 'call' || op === 'rcall' ? args[0] : undefined
  if (name === 'matches') {
    return 'may not use matches(), which can take too long: use contains(), startsWith() or endsWith()'
  }
  const depth = loopDepth + (op === 'rcall' && loops.has(args[0]) ? 1 : 0)
  if (depth > 1) return 'may not have a loop (all, exists, exists_one, map, filter) inside another'
  for (const child of childrenOf(args)) {
    const slow = findSlowness(child, depth)
    if (slow !== undefined) return slow
  }
  return undefined
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : []
}
