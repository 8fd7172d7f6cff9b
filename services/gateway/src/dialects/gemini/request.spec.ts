import { describe, expect, it } from 'vitest'
import type { Conversation, Part } from '../../conversation/conversation.js'
import { gemini } from './gemini.js'

const conversation: Conversation = {
  system: [{ type: 'text', text: 'Be brief.', cache: {} }],
  turns: [
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aQ==' } },
        { type: 'image', source: { kind: 'url', url: 'https://a.example/x.webp?v=1' }, detail: 'low' },
        { type: 'document', source: { kind: 'text', text: 'é' } },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'YQ==' } },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'Hm.', signature: { by: 'gemini', value: 'p1' } },
        { type: 'reasoning', text: 'Mine.', signature: { by: 'anthropic-messages', value: 'x' } },
        { type: 'tool_call', id: 'c1', name: 'look', arguments: '{"id":12345678901234567890}' },
        {
          type: 'tool_call',
          id: 'c2',
          name: 'look',
          arguments: '',
          signature: { by: 'gemini', value: 'p2' },
        },
      ],
    },
    {
      role: 'user',
      parts: [{ type: 'tool_result', callId: 'c1', parts: [{ type: 'text', text: '{"a":1.50}' }] }],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool_result', callId: 'c2', parts: [{ type: 'text', text: 'gone' }], isError: true },
        { type: 'text', text: 'Go on.' },
      ],
    },
    { role: 'system', parts: [{ type: 'text', text: 'In French.' }] },
  ],
  tools: [{ type: 'function', name: 'look', description: 'Looks', schema: { type: 'object' }, strict: true }],
  toolChoice: { name: 'look' },
  parallelToolCalls: false,
  outputFormat: { type: 'json_schema', name: 'x', schema: { type: 'object' } },
  sampling: {
    ...{
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      stop: ['END'],
      n: 2,
      seed: 7,
      topLogprobs: 3,
    },
    ...{ frequencyPenalty: 0.1, presencePenalty: 0.2, logitBias: { '1': 2 } },
  },
  user: 'u',
  serviceTier: 'flex',
  stream: true,
  tellsStreamUsage: true,
  unread: [],
}

const write = (changes: Partial<Conversation>, model = 'gemini-2.5-flash') =>
  gemini.writeRequest({ ...conversation, ...changes }, { model })

describe('a request of Gemini', () => {
  it('has all of a conversation in its own words, and names what it cannot say', () => {
    const { document, dropped } = write({})
    expect(JSON.stringify(document)).toContain('12345678901234567890')
    expect(JSON.parse(JSON.stringify(document))).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'In French.' }] },
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'What is this?' },
            { inlineData: { mimeType: 'image/png', data: 'aQ==' } },
            { fileData: { mimeType: 'image/webp', fileUri: 'https://a.example/x.webp?v=1' } },
            { inlineData: { mimeType: 'text/plain', data: 'w6k=' } },
            { inlineData: { mimeType: 'audio/wav', data: 'YQ==' } },
          ],
        },
        {
          role: 'model',
          parts: [
            { text: 'Hm.', thought: true, thoughtSignature: 'p1' },
            { functionCall: { id: 'c1', name: 'look', args: { id: Number('12345678901234567890') } } },
            { functionCall: { id: 'c2', name: 'look', args: {} }, thoughtSignature: 'p2' },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'c1', name: 'look', response: { a: 1.5 } } },
            { functionResponse: { id: 'c2', name: 'look', response: { error: 'gone' } } },
            { text: 'Go on.' },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [
            { name: 'look', description: 'Looks', parametersJsonSchema: { type: 'object' } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      generationConfig: {
        ...{
          maxOutputTokens: 9,
          temperature: 0.5,
          topP: 0.9,
          topK: 5,
          stopSequences: ['END'],
          candidateCount: 2,
        },
        ...{ seed: 7, frequencyPenalty: 0.1, presencePenalty: 0.2, responseLogprobs: true, logprobs: 3 },
        ...{ responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
      },
      serviceTier: 'flex',
    })
    expect(dropped.toSorted()).toEqual(
      [
        'cache_control',
        'detail',
        'logit_bias',
        'parallel_tool_calls',
        'reasoning',
        'strict',
        'user',
      ].toSorted(),
    )
  })

  it('says of a call that Gemini 3 has not made, that it has no proof', () => {
    const { document } = write({}, 'gemini-3-pro-preview')
    expect(JSON.stringify(document)).toContain('"thoughtSignature":"skip_thought_signature_validator"')
    expect(JSON.stringify(write({}).document)).not.toContain('skip_thought_signature_validator')
  })

  it.each([
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }],
    [
      'gemini-2.5-pro',
      { effort: 'medium', summary: 'auto' },
      { thinkingBudget: 8_192, includeThoughts: true },
    ],
    ['gemini-2.5-pro', { budgetTokens: 2_000 }, { thinkingBudget: 2_000 }],
    ['gemini-2.5-pro', { budgetTokens: 40_000 }, { thinkingBudget: 32_768 }],
    ['gemini-2.5-flash', { budgetTokens: 31_999 }, { thinkingBudget: 24_576 }],
    ['gemini-2.5-flash-lite', { budgetTokens: 100 }, { thinkingBudget: 512 }],
    ['gemini-3-flash-preview', { budgetTokens: 31_999 }, { thinkingLevel: 'high' }],
    ['gemini-3-pro-preview', { effort: 'medium' }, { thinkingLevel: 'high' }],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, { thinkingLevel: 'medium' }],
    ['gemini-2.0-flash', { effort: 'high' }, undefined],
    ['gemini-2.5-pro', { adaptive: true }, { thinkingBudget: -1 }],
    ['gemini-3-flash-preview', { effort: 'minimal' }, { thinkingLevel: 'minimal' }],
    ['gemini-3-pro-preview', { effort: 'none' }, { thinkingLevel: 'low' }],
    ['gemini-3-pro-preview', { effort: 'xhigh' }, { thinkingLevel: 'high' }],
    ['gemini-2.0-flash', { effort: 'none' }, undefined],
  ])('asks %s to think as %j', (model, reasoning, config) => {
    const { document } = write({ reasoning, sampling: {} }, model)
    expect((document['generationConfig'] as { thinkingConfig?: unknown }).thinkingConfig).toEqual(config)
  })

  it('gives results their pictures: within them from Gemini 3 on, before that beside them', () => {
    const picture: Part = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aQ==' } }
    const turns = [
      {
        role: 'user' as const,
        parts: [{ type: 'tool_result' as const, callId: 'c', name: 'look', parts: [picture] }],
      },
    ]
    const inlineData = { mimeType: 'image/png', data: 'aQ==' }
    const result = { id: 'c', name: 'look', response: { output: '' } }
    expect(write({ turns }).document['contents']).toEqual([
      { role: 'user', parts: [{ functionResponse: result }, { inlineData }] },
    ])
    expect(write({ turns }, 'gemini-3-pro').document['contents']).toEqual([
      { role: 'user', parts: [{ functionResponse: { ...result, parts: [{ inlineData }] } }] },
    ])
  })

  it('has a content where all is said in the instructions', () => {
    expect(write({ turns: [] }).document['contents']).toEqual([{ role: 'user', parts: [{ text: '' }] }])
  })

  it.each([
    [
      {
        tools: [
          {
            type: 'native' as const,
            dialect: 'anthropic-messages' as const,
            name: 'bash_20250124',
            value: {},
          },
        ],
      },
      'bash_20250124',
    ],
    [{ turns: [{ role: 'user' as const, parts: [file('openai-chat')] }] }, 'file_id'],
  ])('names what Gemini cannot carry: %j', (changes, param) => {
    expect(() => write(changes)).toThrow(
      expect.objectContaining({ code: 'unsupported_model', options: { param } }) as Error,
    )
  })

  it('takes its own uploads', () => {
    const { document } = write({ turns: [{ role: 'user', parts: [file('gemini')] }] })
    expect(document['contents']).toEqual([{ role: 'user', parts: [{ fileData: { fileUri: 'files/1' } }] }])
  })
})

function file(dialect: 'gemini' | 'openai-chat') {
  return { type: 'document' as const, source: { kind: 'file' as const, id: 'files/1', dialect } }
}
