import { describe, expect, it } from 'vitest'
import { chat, messages, responses } from '../inference/conversation-endpoints.js'
import { attemptedCall } from '../testing/attempted-call.js'
import type { Conversation, NativeTool, Tool, ToolChoice } from './conversation.js'
import { withToolsOf } from './hosted-tools.js'

const own: Tool = { type: 'function', name: 'read' }
const foreign: NativeTool = {
  type: 'native',
  dialect: 'openai-responses',
  name: 'image_generation',
  value: {},
}

const conversation = (tools: Tool[], toolChoice?: ToolChoice): Conversation => ({
  ...{ system: [], turns: [], tools, sampling: {}, stream: false, tellsStreamUsage: true, unread: [] },
  ...(toolChoice !== undefined && { toolChoice }),
})

describe('a tool that another vendor runs, and nobody else has', () => {
  it('is left out beside tools of the application’s own, and named', () => {
    const left = withToolsOf({ name: 'gemini' }, conversation([own, foreign], 'auto'), 'm')
    expect([left.conversation.tools, left.dropped]).toEqual([[own], ['tools.image_generation']])
  })

  it.each([
    ['where it is all there is', conversation([foreign]), 'gemini'],
    ['where it is demanded', conversation([own, foreign], { name: 'image_generation' }), 'gemini'],
    [
      'where it is demanded by the name that it has besides its type',
      conversation([own, { ...foreign, name: 'web_search_20250305', value: { name: 'web_search' } }], {
        name: 'web_search',
      }),
      'gemini',
    ],
    ['for its own vendor', conversation([own, foreign]), 'openai-responses'],
  ] as const)('stays %s', (_, given, name) => {
    expect(withToolsOf({ name }, given, 'm')).toEqual({ conversation: given, dropped: [] })
  })
})

const place = { type: 'approximate', city: 'Lyon', country: 'FR' }
const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 3, user_location: place }
const asking = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }

function sent(
  type: string,
  from: typeof chat,
  request: object,
  providerModel = 'claude-sonnet-4-5',
): { path: string; body: Record<string, unknown>; ignored: readonly string[] } {
  const attempted = attemptedCall(from, request, { type })
  const { path, body, ignoredFields } = from.exchange({
    ...attempted,
    model: { ...attempted.model, providerModel },
  })
  return { path, body: JSON.parse(body.toString()) as Record<string, unknown>, ignored: ignoredFields }
}

describe('a tool that another vendor runs as well', () => {
  it('is asked of OpenAI in Responses, where Anthropic’s is all there is', () => {
    const asked = sent('openai', messages, { ...asking, tools: [search] }, 'gpt-5')
    expect(asked.path).toBe('/responses')
    expect(asked.body['tools']).toEqual([{ type: 'web_search', user_location: place }])
    expect(asked.ignored).toContain('tools.web_search_20250305.max_uses')
  })

  it('is demanded as such, where its name was', () => {
    const choice = { type: 'tool', name: 'web_search' }
    const asked = sent('openai', messages, { ...asking, tools: [search], tool_choice: choice }, 'gpt-5')
    expect(asked.body).toMatchObject({ tools: [{ type: 'web_search' }], tool_choice: 'required' })
  })

  it.each([
    [{ type: 'web_search' }, { type: 'web_search_20250305', name: 'web_search' }],
    [
      { type: 'web_search_preview', filters: { allowed_domains: ['a.example'] }, user_location: place },
      {
        ...{ type: 'web_search_20250305', name: 'web_search' },
        ...{ allowed_domains: ['a.example'], user_location: place },
      },
    ],
  ])('is asked of Anthropic beside functions: %j', (tool, written) => {
    const read = { type: 'function', name: 'read', parameters: { type: 'object', properties: {} } }
    const asked = sent('anthropic', responses, { input: 'Hi', tools: [read, tool] })
    expect(asked.body['tools']).toEqual([expect.objectContaining({ name: 'read' }), written])
    expect(asked.ignored).toEqual([])
  })

  it.each([
    [{ type: 'web_search' }, { googleSearch: {} }],
    [{ type: 'code_interpreter', container: { type: 'auto' } }, { codeExecution: {} }],
  ])('is asked of Google, which runs it without functions alone: %j', (tool, written) => {
    const model = 'gemini-2.5-flash'
    const asked = sent('gemini', responses, { input: 'Hi', tools: [tool], tool_choice: 'required' }, model)
    expect(asked.body['tools']).toEqual([written])
    expect(asked.body['toolConfig']).toBeUndefined()
    const read = { type: 'function', name: 'read', parameters: { type: 'object', properties: {} } }
    const beside = sent('gemini', responses, { input: 'Hi', tools: [read, tool] }, model)
    expect(beside.body['tools']).toEqual([
      { functionDeclarations: [expect.objectContaining({ name: 'read' })] },
    ])
    expect(beside.ignored).toEqual([`tools.${tool.type}`])
  })

  it('is read from the field that chats have for it', () => {
    const options = { user_location: { type: 'approximate', approximate: { country: 'FR' } } }
    const asked = sent('anthropic', chat, { ...asking, web_search_options: options })
    expect(asked.body['tools']).toEqual([
      {
        ...{ type: 'web_search_20250305', name: 'web_search' },
        user_location: { type: 'approximate', country: 'FR' },
      },
    ])
  })

  it.each([
    [
      'gemini',
      responses,
      { input: 'Hi', tools: [{ type: 'web_search', filters: { allowed_domains: ['a.example'] } }] },
      'web_search',
    ],
    [
      'anthropic',
      responses,
      { input: 'Hi', tools: [{ type: 'web_search', external_web_access: false }] },
      'web_search',
    ],
    [
      'anthropic',
      responses,
      { input: 'Hi', tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] },
      'file_search',
    ],
    ['bedrock', messages, { ...asking, tools: [search] }, 'web_search_20250305'],
    ['openai_compatible', messages, { ...asking, tools: [search] }, 'web_search_20250305'],
  ] as const)('is refused by its name where it cannot be said: %s', (type, from, request, param) => {
    expect(() => sent(type, from, request)).toThrow(
      expect.objectContaining({ code: 'unsupported_model', options: { param } }) as Error,
    )
  })
})
