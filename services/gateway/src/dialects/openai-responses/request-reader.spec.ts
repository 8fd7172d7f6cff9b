import { describe, expect, it } from 'vitest'
import { openaiResponses } from './openai-responses.js'

describe('a request of responses', () => {
  it.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ background: true }, 'background'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'item_reference'],
    [{ prompt: { id: 'p' } }, 'prompt'],
    [{ tool_choice: { type: 'web_search' } }, 'web_search'],
  ])('names what a provider without memory cannot do: %j', (fields, param) => {
    const request = { model: 'm', input: 'x', ...fields }
    expect(() => openaiResponses.readRequest(request)).toThrow(
      expect.objectContaining({ code: 'unsupported_model', options: { param } }) as Error,
    )
  })

  it('tells of the fields that no other dialect has', () => {
    const { unread } = openaiResponses.readRequest({
      model: 'm',
      input: 'x',
      truncation: 'auto',
      store: true,
      prompt_cache_key: 'k',
      text: { verbosity: 'low' },
      made_up: 1,
      user: null,
    })
    expect(unread.toSorted()).toEqual([
      'made_up',
      'prompt_cache_key',
      'store',
      'text.verbosity',
      'truncation',
    ])
  })

  it('refuses what cannot be read, by the field’s name', () => {
    for (const input of [undefined, 5, [5], [{ role: 'x' }], [{ type: 'function_call', name: 'a' }]]) {
      expect(() => openaiResponses.readRequest({ model: 'm', input })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }) as Error,
      )
    }
  })
})
