import type { VendorStream } from './vendor-stream.js'

const chunk = (delta: object | undefined, more: object = {}, choice: object = {}): [string, object] => [
  '',
  {
    ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'gpt-5' },
    ...{ service_tier: 'default', system_fingerprint: 'fp_1' },
    choices: delta ? [{ index: 0, delta, logprobs: null, finish_reason: null, ...choice }] : [],
    ...more,
  },
]
const done: [string, string] = ['', '[DONE]']
const usage = {
  prompt_tokens: 30,
  completion_tokens: 12,
  total_tokens: 42,
  prompt_tokens_details: { cached_tokens: 10, audio_tokens: 0 },
  completion_tokens_details: {
    ...{ reasoning_tokens: 4, audio_tokens: 0 },
    ...{ accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
}
const call = (index: number, more: object) => ({ tool_calls: [{ index, ...more }] })

export const chatStreams: VendorStream[] = [
  {
    name: 'Azure’s empty choices, nulls and obfuscation',
    from: 'openai-chat',
    events: [
      chunk(undefined, { prompt_filter_results: [{ prompt_index: 0 }], usage: null, model: '' }),
      chunk({ role: 'assistant', content: '', refusal: null, tool_calls: null }, { obfuscation: 'x' }),
      chunk({ content: 'Hel' }),
      chunk({ content: null }),
      chunk({ content: 'lo' }, {}, { content_filter_results: {} }),
      chunk({}, {}, { finish_reason: 'stop' }),
      chunk(undefined, { usage }),
      done,
    ],
    says: { text: 'Hello', stop: 'end' },
  },
  {
    name: 'calls at once, their pieces among each other',
    from: 'openai-chat',
    events: [
      chunk({ role: 'assistant', content: null }),
      chunk(call(0, { id: 'call_a', type: 'function', function: { name: 'a', arguments: '' } })),
      chunk(call(1, { id: 'call_b', type: 'function', function: { name: 'b', arguments: '{"y"' } })),
      chunk(call(0, { function: { arguments: '{"x":' } })),
      chunk(call(1, { function: { arguments: ':2}' } })),
      chunk(call(0, { function: { arguments: '1}' } })),
      chunk({}, {}, { finish_reason: 'tool_calls' }),
      chunk(undefined, { usage }),
      done,
    ],
    says: {
      calls: [
        { name: 'a', arguments: '{"x":1}' },
        { name: 'b', arguments: '{"y":2}' },
      ],
      stop: 'tool_calls',
    },
  },
  {
    name: 'a call without arguments',
    from: 'openai-chat',
    events: [
      chunk({ role: 'assistant', content: 'Let me look.' }),
      chunk(call(0, { id: 'call_a', type: 'function', function: { name: 'now', arguments: '' } })),
      chunk(call(0, { function: { arguments: '' } })),
      chunk({}, {}, { finish_reason: 'tool_calls' }),
      done,
    ],
    says: { text: 'Let me look.', calls: [{ name: 'now', arguments: '' }], stop: 'tool_calls' },
  },
  {
    name: 'a call whose JSON is followed by white space, after the next one began',
    from: 'openai-chat',
    events: [
      chunk(call(0, { id: 'call_a', type: 'function', function: { name: 'a', arguments: '{}' } })),
      chunk(call(1, { id: 'call_b', type: 'function', function: { name: 'b', arguments: '{}' } })),
      chunk(call(0, { function: { arguments: '\n' } })),
      chunk({}, {}, { finish_reason: 'tool_calls' }),
      done,
    ],
    says: {
      calls: [
        { name: 'a', arguments: '{}' },
        { name: 'b', arguments: '{}' },
      ],
      stop: 'tool_calls',
    },
  },
  {
    name: 'a refusal',
    from: 'openai-chat',
    events: [
      chunk({ role: 'assistant', content: '', refusal: null }),
      chunk({ refusal: 'I can' }),
      chunk({ refusal: 'not.' }),
      chunk({}, {}, { finish_reason: 'stop' }),
      done,
    ],
    says: { refusal: 'I cannot.', stop: 'refusal' },
  },
  {
    name: 'a filter',
    from: 'openai-chat',
    events: [
      chunk({ role: 'assistant', content: 'So' }),
      chunk({}, {}, { finish_reason: 'content_filter' }),
      done,
    ],
    says: { text: 'So', stop: 'content_filter' },
  },
  {
    name: 'DeepSeek’s reasoning, then text, then a call',
    from: 'openai-chat',
    events: [
      chunk({ role: 'assistant', content: null, reasoning_content: 'Hm' }),
      chunk({ content: null, reasoning_content: 'm.' }),
      chunk({ content: 'Yes', reasoning_content: null }),
      chunk(call(0, { id: 'call_a', type: 'function', function: { name: 'a', arguments: '{"q":""}' } })),
      chunk({ content: '' }, { usage }, { finish_reason: 'tool_calls' }),
      done,
    ],
    says: {
      reasoning: 'Hmm.',
      text: 'Yes',
      calls: [{ name: 'a', arguments: '{"q":""}' }],
      stop: 'tool_calls',
    },
  },
]
