import { describe, expect, it } from 'vitest'
import type { Conversation, NativeTool, Tool, ToolChoice } from './conversation.js'
import { withoutForeignTools } from './foreign-tools.js'

const own: Tool = { type: 'function', name: 'read' }
const search: NativeTool = { type: 'native', dialect: 'openai-responses', name: 'web_search', value: {} }

const conversation = (tools: Tool[], toolChoice?: ToolChoice): Conversation => ({
  ...{ system: [], turns: [], tools, sampling: {}, stream: false, tellsStreamUsage: true, unread: [] },
  ...(toolChoice !== undefined && { toolChoice }),
})

describe('a tool that another vendor runs', () => {
  it('is left out beside tools of the application’s own, and named', () => {
    const { conversation: kept, dropped } = withoutForeignTools(conversation([own, search], 'auto'), 'gemini')
    expect([kept.tools, dropped]).toEqual([[own], ['tools.web_search']])
  })

  it.each([
    ['where it is all there is', conversation([search]), 'gemini'],
    ['where it is demanded', conversation([own, search], { name: 'web_search' }), 'gemini'],
    ['for its own vendor', conversation([own, search]), 'openai-responses'],
  ] as const)('stays %s', (_, given, dialect) => {
    expect(withoutForeignTools(given, dialect)).toEqual({ conversation: given, dropped: [] })
  })
})
