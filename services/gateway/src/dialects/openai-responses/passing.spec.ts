import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import type { Reply } from '../../conversation/reply.js'
import { openaiResponses } from './openai-responses.js'

const pass = (document: Document): Document =>
  JSON.parse(
    openaiResponses.toUpstreamBody(document, { model: 'theirs', providerType: 'openai' }),
  ) as Document

describe('a request of responses that passes', () => {
  it('is as it came, but for the model', () => {
    const document = {
      input: [{ type: 'reasoning', id: 'rs_1', summary: [] }, 'x', null],
      novelty: [1],
      store: true,
    }
    expect(pass({ ...document, model: 'ours' })).toEqual({ ...document, model: 'theirs' })
  })

  it('brings OpenAI nothing that another vendor has thought, signed or named', () => {
    const reply: Reply = {
      ...{ id: 'x', model: 'm', created: 1, usage: undefined },
      choices: [
        {
          stop: { reason: 'tool_calls' },
          parts: [
            { type: 'reasoning', text: 'Hm', signature: { by: 'anthropic-messages', value: 'c2ln' } },
            { type: 'reasoning', text: 'Unsigned' },
            { type: 'reasoning', text: '', signature: { by: 'openai-responses', value: 'enc', id: 'rs_1' } },
            { type: 'text', text: 'Well' },
            {
              type: 'tool_call',
              id: 'call_1',
              name: 'f',
              arguments: '{}',
              signature: { by: 'gemini', value: 'Z2Vt' },
            },
          ],
        },
      ],
    }
    const output = openaiResponses.writeReply(reply, { model: 'm' }, {})['output'] as Document[]
    const callId = output.at(-1)?.['call_id']
    expect(callId).toMatch(/^call_1__sig_/)
    const result = { type: 'function_call_output', call_id: callId, output: 'ok' }
    expect(pass({ model: 'ours', input: [...output, result] })).toEqual({
      model: 'theirs',
      input: [
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'enc' },
        {
          ...{ type: 'message', role: 'assistant', status: 'completed' },
          content: [{ type: 'output_text', text: 'Well', annotations: [], logprobs: [] }],
        },
        { type: 'function_call', status: 'completed', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
      ],
    })
  })
})
