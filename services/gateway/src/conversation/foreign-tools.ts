import type { Conversation, DialectName } from './conversation.js'

/**
 * A conversation without the tools that only another vendor runs (web search, code execution). Coding
 * agents offer theirs to every model beside their own; those go on without, and are told. Where such a
 * tool is all there is, or is demanded, it stays, and the dialect refuses it by its name.
 */
export function withoutForeignTools(
  conversation: Conversation,
  dialect: DialectName,
): { conversation: Conversation; dropped: string[] } {
  const { tools, toolChoice } = conversation
  const foreign = tools.filter((tool) => tool.type === 'native' && tool.dialect !== dialect)
  const demanded = typeof toolChoice === 'object' ? toolChoice.name : undefined
  const hasOwn = tools.some(({ type }) => type === 'function')
  if (foreign.length === 0 || !hasOwn || foreign.some(({ name }) => name === demanded)) {
    return { conversation, dropped: [] }
  }
  return {
    conversation: { ...conversation, tools: tools.filter((tool) => !foreign.includes(tool)) },
    dropped: foreign.map(({ name }) => `tools.${name}`),
  }
}
