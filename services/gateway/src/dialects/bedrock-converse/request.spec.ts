import { describe, expect, it } from 'vitest'
import type { Conversation } from '../../conversation/conversation.js'
import { bedrockConverse } from './bedrock-converse.js'

const claude = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'

const conversation: Conversation = {
  system: [{ type: 'text', text: 'Be brief.', cache: { ttl: '1h' } }],
  turns: [
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aQ==' } },
        {
          type: 'document',
          title: 'Q3: report_v2.pdf',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'cA==' },
        },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'Hm.', signature: { by: 'bedrock-converse', value: 's' } },
        { type: 'reasoning', text: 'Mine.', signature: { by: 'gemini', value: 'g' } },
        { type: 'text', text: '' },
        { type: 'tool_call', id: 'call:1', name: 'look', arguments: '{"id":12345678901234567890}' },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool_result', callId: 'call:1', parts: [{ type: 'text', text: 'none' }], isError: true },
        { type: 'text', text: 'Go on.' },
      ],
    },
  ],
  tools: [{ type: 'function', name: 'look', schema: { type: 'object', properties: {} }, cache: {} }],
  toolChoice: { name: 'look' },
  sampling: { maxOutputTokens: 100, temperature: 0.5, stop: ['END'], seed: 1 },
  stream: false,
  tellsStreamUsage: true,
  unread: [],
}

const write = (changes: Partial<Conversation>, model = claude) =>
  bedrockConverse.writeRequest({ ...conversation, ...changes }, { model })

describe('a request of Converse', () => {
  it('has all of a conversation in its own words', () => {
    const { document, dropped } = write({})
    const messages = document['messages'] as { content: { toolUse?: { toolUseId: string } }[] }[]
    const id = messages[1]?.content[1]?.toolUse?.toolUseId
    expect(id).toMatch(/^tooluse_[\w-]{24}$/)
    expect(JSON.parse(JSON.stringify(document))).toEqual({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'What is this?' },
            { image: { format: 'png', source: { bytes: 'aQ==' } } },
            { document: { format: 'pdf', name: 'Q3- report-v2-pdf', source: { bytes: 'cA==' } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Hm.', signature: 's' } } },
            { toolUse: { toolUseId: id, name: 'look', input: { id: Number('12345678901234567890') } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: id, content: [{ text: 'none' }], status: 'error' } },
            { text: 'Go on.' },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 100, temperature: 0.5, stopSequences: ['END'] },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
      toolConfig: {
        tools: [
          { toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } },
          { cachePoint: { type: 'default' } },
        ],
        toolChoice: { tool: { name: 'look' } },
      },
    })
    expect(JSON.stringify(document)).toContain('12345678901234567890')
    expect(dropped.toSorted()).toEqual(['reasoning', 'seed'])
  })

  it.each([
    [claude, { thinking: { type: 'enabled', budget_tokens: 8_192 } }],
    [
      'us.anthropic.claude-opus-4-7-v1:0',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } },
    ],
    ['us.amazon.nova-2-lite-v1:0', { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } }],
    ['openai.gpt-oss-120b-1:0', { reasoning_effort: 'medium' }],
  ])('asks %s to think in its maker’s words', (model, fields) => {
    const turns = conversation.turns.slice(0, 1)
    const { document } = write({ turns, tools: [], reasoning: { effort: 'medium' }, sampling: {} }, model)
    expect(document['additionalModelRequestFields']).toEqual(fields)
  })

  it('asks for an answer by a schema', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } }
    const { document } = write({ outputFormat: { type: 'json_schema', name: 'x', schema } })
    expect(document['outputConfig']).toEqual({
      textFormat: {
        type: 'json_schema',
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'x' } },
      },
    })
  })

  it('tells of the tools that were called, also where none may be', () => {
    expect(write({ tools: [] }).document['toolConfig']).toEqual({
      tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } }],
    })
    expect(() => write({ toolChoice: 'none' })).toThrow('cannot carry tool_choice')
  })

  it.each([
    [{ sampling: { n: 2 } }, 'n'],
    [{ sampling: { topLogprobs: 1 } }, 'logprobs'],
    [{ turns: [{ role: 'user' as const, parts: [image('https://a.example/x.png')] }] }, 'image_url'],
    [
      { tools: [{ type: 'native' as const, dialect: 'gemini' as const, name: 'googleSearch', value: {} }] },
      'googleSearch',
    ],
  ])('names what Converse cannot carry: %j', (changes, param) => {
    expect(() => write(changes)).toThrow(
      expect.objectContaining({ code: 'unsupported_model', options: { param } }) as Error,
    )
  })

  it('takes what lies in S3', () => {
    const { document } = write({ turns: [{ role: 'user', parts: [image('s3://bucket/x.jpg')] }], tools: [] })
    expect(document['messages']).toEqual([
      {
        role: 'user',
        content: [{ image: { format: 'jpeg', source: { s3Location: { uri: 's3://bucket/x.jpg' } } } }],
      },
    ])
  })

  it('refuses a call whose arguments are no object', () => {
    const parts = [{ type: 'tool_call' as const, id: 'c', name: 'look', arguments: '{"x":' }]
    expect(() => write({ turns: [{ role: 'assistant', parts }] })).toThrow('not a JSON object')
  })
})

function image(url: string) {
  return { type: 'image' as const, source: { kind: 'url' as const, url } }
}
