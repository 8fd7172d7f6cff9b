import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { anthropicMessages } from './anthropic-messages.js'

const toAnthropic = (request: Document, model = 'claude-sonnet-4-5') =>
  anthropicMessages.writeRequest(openAiChat.readRequest({ model: 'm', messages: hello, ...request }), {
    model,
  })
const hello = [{ role: 'user', content: 'Hello' }]
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }
const chatCall = (id: string, args = '{}') => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: args },
})

describe('a chat request for Anthropic', () => {
  it('has turns that alternate, the user first, and results before what else is said', () => {
    const messages = [
      { role: 'assistant', content: 'Where to?' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '' },
          { type: 'text', text: 'There' },
        ],
      },
      { role: 'user', content: 'Now' },
      { role: 'assistant', content: null, tool_calls: [chatCall('a'), chatCall('b', '{"x":1}')] },
      { role: 'user', content: 'Hurry' },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'two' }] },
      { role: 'developer', content: 'Be kind.' },
      { role: 'assistant', content: 'Going ' },
    ]
    expect(toAnthropic({ messages }).document['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: '(The conversation begins.)' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Where to?' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'There' },
          { type: 'text', text: 'Now' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: {} },
          { type: 'tool_use', id: 'b', name: 'f', input: { x: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'one' },
          { type: 'tool_result', tool_use_id: 'b', content: 'two' },
          { type: 'text', text: 'Hurry' },
          { type: 'text', text: '<system>\nBe kind.\n</system>' },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'Going' }] },
    ])
  })

  it('has max_tokens: what is asked for, else what the model can', () => {
    expect(toAnthropic({ max_completion_tokens: 7, max_tokens: 9 }).document['max_tokens']).toBe(7)
    expect(toAnthropic({ max_tokens: 9 }).document['max_tokens']).toBe(9)
    expect(toAnthropic({}).document['max_tokens']).toBe(32_000)
    expect(toAnthropic({}, 'claude-3-haiku-20240307').document['max_tokens']).toBe(4_096)
  })

  it('has instructions, images, documents, and marks of the cache', () => {
    const cache_control = { type: 'ephemeral', ttl: '1h' }
    const { document, dropped } = toAnthropic({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Rules', cache_control }] },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high' } },
            { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
            {
              type: 'file',
              file: { filename: 'a.txt', file_data: 'data:text/plain;base64,SGk=' },
              cache_control,
            },
          ],
        },
      ],
      tools: [{ ...tool, cache_control: { type: 'ephemeral' } }],
    })
    expect(document).toMatchObject({
      system: [{ type: 'text', text: 'Rules', cache_control }],
      messages: [
        {
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' },
            },
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'Hi' },
              cache_control,
            },
          ],
        },
      ],
      tools: [{ name: 'f', cache_control: { type: 'ephemeral' } }],
    })
    expect(dropped).toEqual(['image_url.detail'])
  })

  it.each([
    [{ tool_choice: 'auto' }, { type: 'auto' }],
    [{ tool_choice: 'none' }, { type: 'none' }],
    [
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{ tool_choice: { type: 'function', function: { name: 'f' } } }, { type: 'tool', name: 'f' }],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [tool] } } },
      { type: 'any' },
    ],
  ])('chooses tools as %j says', (request, choice) => {
    expect(toAnthropic({ ...request, tools: [tool] }).document['tool_choice']).toEqual(choice)
  })

  it('has strict tools where the model can', () => {
    const strict = { ...tool, function: { ...tool.function, strict: true } }
    const sent = (model: string) => toAnthropic({ tools: [strict] }, model).document['tools']
    expect(sent('claude-sonnet-4-5')).toMatchObject([
      { strict: true, input_schema: { additionalProperties: false } },
    ])
    expect(sent('claude-sonnet-4-0')).toEqual([{ name: 'f', input_schema: tool.function.parameters }])
  })

  it('asks for a structured answer in a schema that Anthropic takes', () => {
    const schema = {
      type: 'object',
      properties: {
        age: { type: 'integer', minimum: 0, description: 'Years' },
        tags: { type: 'array', items: { type: 'object' } },
      },
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'person', schema } }
    expect(toAnthropic({ response_format }).document['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          additionalProperties: false,
          properties: {
            age: { type: 'integer', description: 'Years {minimum: 0}' },
            tags: { type: 'array', items: { type: 'object', additionalProperties: false } },
          },
        },
      },
    })
    expect(() => toAnthropic({ response_format }, 'claude-sonnet-4-0')).toThrow('response_format')
    const { document, dropped } = toAnthropic({ response_format: { type: 'json_object' } })
    expect(document['system']).toEqual([
      { type: 'text', text: 'Answer with one JSON object and nothing else.' },
    ])
    expect(dropped).toEqual(['response_format'])
  })

  it.each([
    [
      'claude-sonnet-4-5',
      { reasoning_effort: 'medium' },
      { thinking: { type: 'enabled', budget_tokens: 8_192 } },
    ],
    [
      'claude-sonnet-4-5',
      { reasoning: { max_tokens: 2_000 } },
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
    ],
    [
      'claude-opus-4-6',
      { reasoning_effort: 'xhigh' },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    ],
    [
      'claude-opus-5',
      { reasoning_effort: 'xhigh' },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } },
    ],
    ['claude-opus-5', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
    [
      'claude-opus-4-5',
      { reasoning_effort: 'low' },
      { thinking: { type: 'enabled', budget_tokens: 2_048 }, output_config: { effort: 'low' } },
    ],
    [
      'claude-opus-5',
      { reasoning: { effort: 'low' } },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
    ],
  ])('makes %s think as %j says', (model, request, expected) => {
    const { thinking, output_config } = toAnthropic(request, model).document
    expect({
      ...(thinking !== undefined && { thinking }),
      ...(output_config !== undefined && { output_config }),
    }).toEqual(expected)
  })

  it('does not think where Anthropic would refuse it, and says so', () => {
    const forced = { tools: [tool], tool_choice: 'required', reasoning_effort: 'high' }
    const called = [
      ...hello,
      { role: 'assistant', tool_calls: [chatCall('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ]
    for (const request of [
      forced,
      { messages: called, reasoning_effort: 'high' },
      { max_tokens: 500, reasoning_effort: 'high' },
    ]) {
      const { document, dropped } = toAnthropic(request)
      expect([document['thinking'], dropped]).toEqual([undefined, ['reasoning_effort']])
    }
  })

  it('says what it could not say and only tunes', () => {
    const request = {
      seed: 1,
      logit_bias: { 5: 1 },
      presence_penalty: 0.5,
      frequency_penalty: 0,
      temperature: 1.5,
      top_p: 0.5,
      service_tier: 'flex',
    }
    const { document, dropped } = toAnthropic(request)
    expect(dropped.sort()).toEqual([
      'logit_bias',
      'presence_penalty',
      'seed',
      'service_tier',
      'temperature',
      'top_p',
    ])
    expect(document).toMatchObject({ temperature: 1 })
    expect(document).not.toHaveProperty('top_p')
    expect(toAnthropic({ temperature: 0.5 }, 'claude-opus-5')).toMatchObject({ dropped: ['temperature'] })
    expect(toAnthropic({ top_p: 0.5, stop: 'x', service_tier: 'default', user: 'u' }).document).toMatchObject(
      {
        ...{ top_p: 0.5, stop_sequences: ['x'], service_tier: 'standard_only', metadata: { user_id: 'u' } },
      },
    )
  })

  it.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['modalities', { modalities: ['text', 'audio'] }],
    [
      'input_audio',
      {
        messages: [
          { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }] },
        ],
      },
    ],
    ['web_search_options', { web_search_options: {} }],
    [
      'files of openai-chat',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] },
    ],
    ['custom', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['functions', { functions: [] }],
  ])('is refused by name for %s', (feature, request) => {
    expect(() => toAnthropic(request)).toThrow(`cannot carry ${feature}`)
  })

  it('is refused with the field that is wrong', () => {
    for (const [field, request] of Object.entries({
      messages: { messages: 'x' },
      'messages[0].role': { messages: [{ role: 'king' }] },
      'messages[0].content[0].text': { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      temperature: { temperature: 'hot' },
      'tools[0].function.name': { tools: [{ type: 'function', function: {} }] },
      tool_choice: { tool_choice: 'perhaps' },
    }))
      expect(() => toAnthropic(request)).toThrow(`${field}: must be`)
  })
})
