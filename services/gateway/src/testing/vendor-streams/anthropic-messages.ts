import type { VendorStream } from './vendor-stream.js'

const message = (more: object = {}): [string, object] => [
  'message_start',
  {
    type: 'message_start',
    message: {
      ...{ id: 'msg_01', type: 'message', role: 'assistant', model: 'claude-sonnet-5', content: [] },
      ...{ stop_reason: null, stop_sequence: null },
      usage: {
        ...{ input_tokens: 9, cache_creation_input_tokens: 7, cache_read_input_tokens: 5 },
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
        ...{ output_tokens: 1, service_tier: 'standard', inference_geo: 'not_available' },
      },
      ...more,
    },
  },
]
const start = (index: number, content_block: object): [string, object] => [
  'content_block_start',
  { type: 'content_block_start', index, content_block },
]
const piece = (index: number, type: string, more: object): [string, object] => [
  'content_block_delta',
  { type: 'content_block_delta', index, delta: { type, ...more } },
]
const stop = (index: number): [string, object] => [
  'content_block_stop',
  { type: 'content_block_stop', index },
]
const ping: [string, object] = ['ping', { type: 'ping' }]
const ended = (stop_reason: string, more: object = {}): [string, object][] => [
  [
    'message_delta',
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null, ...more },
      usage: { output_tokens: 25 },
      context_management: { applied_edits: [] },
    },
  ],
  ['message_stop', { type: 'message_stop' }],
]

export const anthropicStreams: VendorStream[] = [
  {
    name: 'signed thoughts, a hidden one, pings, and a call without arguments',
    from: 'anthropic-messages',
    events: [
      message(),
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      ping,
      piece(0, 'thinking_delta', { thinking: 'Hm' }),
      piece(0, 'thinking_delta', { thinking: 'm.' }),
      piece(0, 'signature_delta', { signature: 'EqQB' }),
      stop(0),
      start(1, { type: 'redacted_thinking', data: 'EmwK' }),
      stop(1),
      start(2, { type: 'text', text: '' }),
      ping,
      piece(2, 'text_delta', { text: 'Looking.' }),
      stop(2),
      start(3, { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} }),
      piece(3, 'input_json_delta', { partial_json: '' }),
      stop(3),
      ...ended('tool_use'),
    ],
    says: {
      ...{ reasoning: 'Hmm.', text: 'Looking.', stop: 'tool_calls' },
      calls: [{ name: 'now', arguments: '' }],
    },
  },
  {
    name: 'a web search of its own, and citations',
    from: 'anthropic-messages',
    events: [
      message(),
      start(0, { type: 'text', text: '' }),
      piece(0, 'text_delta', { text: 'I search. ' }),
      stop(0),
      start(1, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      piece(1, 'input_json_delta', { partial_json: '' }),
      piece(1, 'input_json_delta', { partial_json: '{"query": "x"}' }),
      stop(1),
      start(2, {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [
          { type: 'web_search_result', url: 'https://a.example', title: 'A', encrypted_content: 'e' },
        ],
      }),
      stop(2),
      start(3, { type: 'text', text: '', citations: [] }),
      piece(3, 'citations_delta', {
        citation: {
          ...{ type: 'web_search_result_location', url: 'https://a.example', title: 'A' },
          ...{ cited_text: 'It is', encrypted_index: 'i' },
        },
      }),
      piece(3, 'text_delta', { text: 'It is so.' }),
      stop(3),
      ...ended('end_turn'),
    ],
    says: { text: 'I search. It is so.', stop: 'end' },
  },
  {
    name: 'a thought that is not shown',
    from: 'anthropic-messages',
    events: [
      message(),
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      piece(0, 'signature_delta', { signature: 'EqQB' }),
      stop(0),
      start(1, { type: 'text', text: '' }),
      piece(1, 'text_delta', { text: 'Yes' }),
      stop(1),
      ...ended('stop_sequence', { stop_sequence: 'END' }),
    ],
    says: { text: 'Yes', reasoning: '', stop: 'stop_sequence' },
  },
  {
    name: 'a refusal in the midst of a text',
    from: 'anthropic-messages',
    events: [
      message(),
      start(0, { type: 'text', text: '' }),
      piece(0, 'text_delta', { text: 'So' }),
      stop(0),
      ...ended('refusal'),
    ],
    says: { text: 'So', stop: 'refusal' },
  },
  {
    name: 'nothing at all',
    from: 'anthropic-messages',
    events: [message(), ...ended('end_turn')],
    says: { text: '', stop: 'end' },
  },
  {
    name: 'a full context',
    from: 'anthropic-messages',
    events: [
      message(),
      start(0, { type: 'tool_use', id: 'toolu_1', name: 'write', input: {} }),
      piece(0, 'input_json_delta', { partial_json: '{"text": "abc' }),
      stop(0),
      ...ended('max_tokens'),
    ],
    says: { calls: [{ name: 'write', arguments: '{"text": "abc' }], stop: 'length' },
  },
]
