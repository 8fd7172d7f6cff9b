import type { VendorStream } from './vendor-stream.js'

const block = (contentBlockIndex: number, delta: object): [string, object] => [
  'contentBlockDelta',
  { contentBlockIndex, delta, p: 'abcd' },
]
const blockEnd = (contentBlockIndex: number): [string, object] => ['contentBlockStop', { contentBlockIndex }]

export const bedrockStreams: VendorStream[] = [
  {
    name: 'signed and hidden thoughts, text, and two calls',
    from: 'bedrock-converse',
    events: [
      ['messageStart', { role: 'assistant' }],
      block(0, { reasoningContent: { text: 'Hm' } }),
      block(0, { reasoningContent: { text: 'm.' } }),
      block(0, { reasoningContent: { signature: 'EqQB' } }),
      blockEnd(0),
      block(1, { reasoningContent: { redactedContent: 'ZW0=' } }),
      blockEnd(1),
      block(2, { text: 'Looking.' }),
      blockEnd(2),
      ['contentBlockStart', { contentBlockIndex: 3, start: { toolUse: { toolUseId: 't1', name: 'a' } } }],
      block(3, { toolUse: { input: '{"x":' } }),
      block(3, { toolUse: { input: '1}' } }),
      blockEnd(3),
      ['contentBlockStart', { contentBlockIndex: 4, start: { toolUse: { toolUseId: 't2', name: 'now' } } }],
      block(4, { toolUse: { input: '' } }),
      blockEnd(4),
      ['messageStop', { stopReason: 'tool_use' }],
      [
        'metadata',
        {
          usage: {
            ...{ inputTokens: 9, outputTokens: 12, totalTokens: 33 },
            ...{ cacheReadInputTokens: 5, cacheWriteInputTokens: 7 },
          },
          metrics: { latencyMs: 100 },
        },
      ],
    ],
    says: {
      ...{ reasoning: 'Hmm.', text: 'Looking.', stop: 'tool_calls' },
      calls: [
        { name: 'a', arguments: '{"x":1}' },
        { name: 'now', arguments: '' },
      ],
    },
  },
]
