import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { anthropicMessages } from './anthropic-messages.js'

const toChat = (request: Document, model = 'gpt-4o') =>
  openAiChat.writeRequest(
    anthropicMessages.readRequest({ model: 'm', max_tokens: 9, messages: hello, ...request }),
    { model },
  )
const hello = [{ role: 'user', content: 'Hello' }]

describe('a request of the Messages API for chat', () => {
  it('has results as messages, with what is no text in the next one of the user', () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
    const messages = [
      ...hello,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: [1] } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'see' }, image] },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: 'broken', is_error: true },
          { type: 'text', text: 'Well?' },
        ],
      },
    ]
    expect(toChat({ messages }).document['messages']).toEqual([
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '{"a":[1]}' } }],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'see' },
      {
        role: 'tool',
        tool_call_id: 'toolu_2',
        content: [
          { type: 'text', text: 'Error:' },
          { type: 'text', text: 'broken' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What the tool call toolu_1 returned besides text:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'text', text: 'Well?' },
        ],
      },
    ])
  })

  it('says its settings in the words of who is asked', () => {
    const request = {
      ...{
        max_tokens: 99,
        temperature: 0.3,
        stop_sequences: ['x'],
        stream: true,
        metadata: { user_id: 'u'.repeat(80) },
      },
      ...{
        thinking: { type: 'enabled', budget_tokens: 10_000 },
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
      },
      tools: [
        { name: 'f', input_schema: { type: 'object', properties: {} }, cache_control: { type: 'ephemeral' } },
      ],
    }
    const { document, dropped } = toChat(request, 'gpt-5')
    expect(document).toMatchObject({
      ...{
        model: 'gpt-5',
        max_completion_tokens: 99,
        stop: ['x'],
        stream: true,
        stream_options: { include_usage: true },
      },
      ...{ reasoning_effort: 'high', tool_choice: 'required', parallel_tool_calls: false },
    })
    expect(document['user']).toHaveLength(64)
    expect(dropped.sort()).toEqual(['cache_control', 'temperature'])
    expect(toChat(request, 'llama-3').document).toMatchObject({ max_tokens: 99, temperature: 0.3 })
    expect(toChat(request, 'llama-3').dropped).toContain('reasoning_effort')
  })

  it('asks for a strict answer only where OpenAI takes the schema as strict', () => {
    const format = (schema: Document) =>
      toChat({ output_config: { format: { type: 'json_schema', schema } } }).document['response_format']
    const open = { type: 'object', properties: { a: { type: 'string' } } }
    expect(format(open)).toMatchObject({ json_schema: { strict: false, schema: open } })
    const strict = { ...open, required: ['a'], additionalProperties: false }
    expect(format(strict)).toMatchObject({ json_schema: { strict: true, schema: strict } })
  })

  it('has tools that say that they take nothing', () => {
    const tools = [{ name: 'f', input_schema: { type: 'object' } }]
    const parameters = { type: 'object', properties: {} }
    expect(toChat({ tools }).document['tools']).toEqual([
      { type: 'function', function: { name: 'f', parameters } },
    ])
  })

  it('is refused by name for what only Anthropic has', () => {
    expect(() => toChat({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] })).toThrow(
      'web_search_20250305',
    )
    expect(() => toChat({ mcp_servers: [{ type: 'url', url: 'x' }] })).toThrow('mcp_servers')
    expect(() => toChat({ max_tokens: undefined })).toThrow('max_tokens: must be')
  })
})
