import type { VendorStream } from './vendor-stream.js'

const gem = (parts: object[] | undefined, more: object = {}, top: object = {}): [string, object] => [
  '',
  {
    candidates: [{ ...(parts && { content: { role: 'model', parts } }), index: 0, ...more }],
    usageMetadata: {
      ...{ promptTokenCount: 20, candidatesTokenCount: 5, thoughtsTokenCount: 3, totalTokenCount: 28 },
      ...{ cachedContentTokenCount: 8, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 20 }] },
    },
    ...{ modelVersion: 'gemini-3-flash', responseId: 'r1' },
    ...top,
  },
]

export const geminiStreams: VendorStream[] = [
  {
    name: 'thoughts, text, calls without ids, and proofs',
    from: 'gemini',
    events: [
      gem([{ text: 'Hm', thought: true }]),
      gem([{ text: 'm.', thought: true }]),
      gem([{ text: 'Look' }]),
      gem([{ text: 'ing.' }]),
      gem([
        { functionCall: { name: 'a', args: { x: 1 } }, thoughtSignature: 'Cs' },
        { functionCall: { name: 'now' } },
      ]),
      gem([{ text: '' }], { finishReason: 'STOP' }),
    ],
    says: {
      ...{ reasoning: 'Hmm.', text: 'Looking.', stop: 'tool_calls' },
      calls: [
        { name: 'a', arguments: '{"x":1}' },
        { name: 'now', arguments: '{}' },
      ],
    },
  },
  {
    name: 'code that it has run, a proof at the end, and no content in the last event',
    from: 'gemini',
    events: [
      gem([{ executableCode: { language: 'PYTHON', code: '1' } }]),
      gem([{ codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } }]),
      gem([{ text: 'It is 1.' }]),
      gem([{ text: '', thoughtSignature: 'Cs' }]),
      gem(undefined, { finishReason: 'MAX_TOKENS' }),
    ],
    says: { text: 'It is 1.', stop: 'length' },
  },
  {
    name: 'a call that its model did not write well',
    from: 'gemini',
    events: [gem(undefined, { finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Bad call' })],
    says: { refusal: 'Bad call', stop: 'refusal' },
  },
  {
    name: 'safety',
    from: 'gemini',
    events: [gem([{ text: 'So' }]), gem(undefined, { finishReason: 'SAFETY', safetyRatings: [] })],
    says: { text: 'So', stop: 'content_filter' },
  },
]
