import type { VendorStream } from './vendor-stream.js'

let sequence = 0
const event = (type: string, more: object): [string, object] => [
  type,
  { type, sequence_number: sequence++, ...more },
]
const response = (status: string, more: object = {}) => ({
  response: {
    id: 'resp_1',
    object: 'response',
    created_at: 1_700_000_000,
    model: 'gpt-5',
    status,
    output: [],
    ...more,
  },
})
const responseUsage = {
  input_tokens: 30,
  input_tokens_details: { cached_tokens: 10 },
  output_tokens: 12,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 42,
}
const item = (output_index: number, value: object) => ({ output_index, item: value })
const textItem = (at: number, id: string, text: string, annotations: object[] = []): [string, object][] => {
  const place = { output_index: at, item_id: id, content_index: 0 }
  const part = { type: 'output_text', annotations, logprobs: [], text }
  return [
    event(
      'response.output_item.added',
      item(at, { id, type: 'message', role: 'assistant', status: 'in_progress', content: [] }),
    ),
    event('response.content_part.added', { ...place, part: { ...part, text: '', annotations: [] } }),
    event('response.output_text.delta', { ...place, delta: text, logprobs: [], obfuscation: 'xx' }),
    ...annotations.map((annotation, annotation_index) =>
      event('response.output_text.annotation.added', { ...place, annotation_index, annotation }),
    ),
    event('response.output_text.done', { ...place, text, logprobs: [] }),
    event('response.content_part.done', { ...place, part }),
    event(
      'response.output_item.done',
      item(at, { id, type: 'message', role: 'assistant', status: 'completed', content: [part] }),
    ),
  ]
}

export const responsesStreams: VendorStream[] = [
  {
    name: 'encrypted thoughts of several paragraphs, a search, a cited text, and calls among each other',
    from: 'openai-responses',
    events: [
      event('response.created', response('in_progress')),
      event('response.in_progress', response('in_progress')),
      event(
        'response.output_item.added',
        item(0, { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'g' }),
      ),
      ...['One.', 'Two.'].flatMap((text, summary_index): [string, object][] => {
        const place = { item_id: 'rs_1', output_index: 0, summary_index }
        return [
          event('response.reasoning_summary_part.added', {
            ...place,
            part: { type: 'summary_text', text: '' },
          }),
          event('response.reasoning_summary_text.delta', { ...place, delta: text }),
          event('response.reasoning_summary_text.done', { ...place, text }),
          event('response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text } }),
        ]
      }),
      event(
        'response.output_item.done',
        item(0, {
          ...{ id: 'rs_1', type: 'reasoning', encrypted_content: 'gAAA' },
          summary: ['One.', 'Two.'].map((text) => ({ type: 'summary_text', text })),
        }),
      ),
      event(
        'response.output_item.added',
        item(1, { id: 'ws_1', type: 'web_search_call', status: 'in_progress' }),
      ),
      event('response.web_search_call.in_progress', { output_index: 1, item_id: 'ws_1' }),
      event('response.web_search_call.searching', { output_index: 1, item_id: 'ws_1' }),
      event('response.web_search_call.completed', { output_index: 1, item_id: 'ws_1' }),
      event(
        'response.output_item.done',
        item(1, {
          id: 'ws_1',
          type: 'web_search_call',
          status: 'completed',
          action: { type: 'search', query: 'x' },
        }),
      ),
      ...textItem(2, 'msg_1', 'It is so.', [
        { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 9 },
      ]),
      ...[3, 4].map((at) =>
        event(
          'response.output_item.added',
          item(at, {
            id: `fc_${at}`,
            type: 'function_call',
            status: 'in_progress',
            call_id: `call_${at}`,
            name: `f${at}`,
            arguments: '',
          }),
        ),
      ),
      ...[3, 4, 3, 4].map((at, index) =>
        event('response.function_call_arguments.delta', {
          ...{ output_index: at, item_id: `fc_${at}` },
          delta: index < 2 ? '{"n":' : `${at}}`,
        }),
      ),
      ...[3, 4].flatMap((at) => [
        event('response.function_call_arguments.done', {
          output_index: at,
          item_id: `fc_${at}`,
          arguments: `{"n":${at}}`,
        }),
        event(
          'response.output_item.done',
          item(at, {
            id: `fc_${at}`,
            type: 'function_call',
            status: 'completed',
            call_id: `call_${at}`,
            name: `f${at}`,
            arguments: `{"n":${at}}`,
          }),
        ),
      ]),
      event('response.completed', response('completed', { usage: responseUsage, service_tier: 'priority' })),
    ],
    says: {
      reasoning: 'One.\n\nTwo.',
      text: 'It is so.',
      calls: [3, 4].map((at) => ({ name: `f${at}`, arguments: `{"n":${at}}` })),
      stop: 'tool_calls',
    },
  },
  {
    name: 'a refusal after a text',
    from: 'openai-responses',
    events: [
      event('response.created', response('in_progress')),
      event(
        'response.output_item.added',
        item(0, { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] }),
      ),
      event('response.content_part.added', {
        output_index: 0,
        item_id: 'msg_1',
        content_index: 0,
        part: { type: 'refusal', refusal: '' },
      }),
      event('response.refusal.delta', {
        output_index: 0,
        item_id: 'msg_1',
        content_index: 0,
        delta: 'I cannot.',
      }),
      event('response.refusal.done', {
        output_index: 0,
        item_id: 'msg_1',
        content_index: 0,
        refusal: 'I cannot.',
      }),
      event('response.content_part.done', {
        output_index: 0,
        item_id: 'msg_1',
        content_index: 0,
        part: { type: 'refusal', refusal: 'I cannot.' },
      }),
      event(
        'response.output_item.done',
        item(0, {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'refusal', refusal: 'I cannot.' }],
        }),
      ),
      event('response.completed', response('completed', { usage: responseUsage })),
    ],
    says: { refusal: 'I cannot.', stop: 'refusal' },
  },
  {
    name: 'an answer that its limit cut',
    from: 'openai-responses',
    events: [
      event('response.created', response('queued')),
      event('response.queued', response('queued')),
      ...textItem(0, 'msg_1', 'Once up'),
      event(
        'response.incomplete',
        response('incomplete', { incomplete_details: { reason: 'max_output_tokens' }, usage: responseUsage }),
      ),
    ],
    says: { text: 'Once up', stop: 'length' },
  },
]
