import { describe, expect, it } from 'vitest'
import { parseJson } from '../conversation/json.js'
import type { RequestDocument } from '../inference/endpoint.js'
import { textsOf } from './document-texts.js'

const read = (fields: object): RequestDocument => ({ model: 'm', ...fields })
const shown = (fields: object): Record<string, string> =>
  Object.fromEntries(textsOf(read(fields)).map(({ place, text }) => [place, text]))

const upperCase = (document: RequestDocument): RequestDocument => {
  for (const { text, replace } of textsOf(document)) replace(text.toUpperCase())
  return document
}

describe('the texts of a request', () => {
  it('are those of every message and part of a chat', () => {
    expect(
      shown({
        messages: [
          { role: 'system', content: 'be brief' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'first' },
              { type: 'text', text: 'second' },
              { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'low' } },
            ],
          },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: 'call_1',
                type: 'function',
                function: { name: 'mail', arguments: '{"to":"a\\u0040b.c"}' },
              },
            ],
          },
          { role: 'tool', tool_call_id: 'call_1', content: 'sent' },
        ],
        user: 'ann',
        temperature: 1,
      }),
    ).toEqual({
      'messages[0].content': 'be brief',
      'messages[1].content[0].text': 'first',
      'messages[1].content[1].text': 'second',
      'messages[1].content[2].image_url.url': 'https://x.example/a.png',
      'messages[2].tool_calls[0].function.name': 'mail',
      'messages[2].tool_calls[0].function.arguments.to': 'a@b.c',
      'messages[3].content': 'sent',
      user: 'ann',
    })
  })

  it('are those of Messages, tools and their numbers and names included', () => {
    const texts = shown({
      system: [{ type: 'text', text: 'rules', cache_control: { type: 'ephemeral', ttl: '5m' } }],
      tools: [{ name: 'mail', description: 'sends mail', input_schema: { type: 'object' } }],
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 't1', name: 'pay', input: { card: 4111111111111111, '4000000000': 1 } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'paid' }] }],
        },
        {
          role: 'user',
          content: [
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a contract' } },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
          ],
        },
      ],
    })
    expect(Object.values(texts)).toEqual([
      ...['rules', 'mail', 'sends mail', 'pay', '4111111111111111', 'paid', 'a contract', '4000000000'],
    ])
  })

  it('are those of Responses, completions, embeddings and others', () => {
    expect(
      Object.values(
        shown({
          instructions: 'be kind',
          input: [
            { role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
            { type: 'function_call', call_id: 'c', name: 'f', arguments: 'no JSON' },
            { type: 'function_call_output', call_id: 'c', output: 'result' },
          ],
          metadata: { ticket: 'T-1' },
        }),
      ),
    ).toEqual(['be kind', 'hello', 'f', 'no JSON', 'result', 'T-1'])
    expect(shown({ prompt: ['one', 'two'], suffix: 'end' })).toEqual({
      ...{ 'prompt[0]': 'one', 'prompt[1]': 'two', suffix: 'end' },
    })
    expect(shown({ query: 'q', documents: ['a', { text: 'b' }] })).toEqual({
      ...{ query: 'q', 'documents[0]': 'a', 'documents[1].text': 'b' },
    })
  })

  it('are also where only a name is meant, when it is none', () => {
    expect(
      shown({ messages: [{ role: 'tool', tool_call_id: '4111 1111 1111 1111', content: 'x' }] }),
    ).toEqual({
      'messages[0].tool_call_id': '4111 1111 1111 1111',
      'messages[0].content': 'x',
    })
    expect(shown({ tool_choice: { type: 'x4111111111111111' } })).toEqual({
      'tool_choice.type': 'x4111111111111111',
    })
  })

  it('are one message where one speaker goes on', () => {
    const texts = textsOf(
      read({
        messages: [
          { role: 'user', content: [{ type: 'text', text: '4111 1111' }] },
          { role: 'user', content: ' 1111 1111' },
          { role: 'assistant', content: 'Hm.' },
        ],
      }),
    )
    const [first, second, third] = texts.map(({ message }) => message)
    expect(first).toBe(second)
    expect(third).not.toBe(second)
  })

  it('can be replaced, and the rest of the document stays as it is, digits included', () => {
    const body =
      '{"model":"m","seed":12345678901234567890,"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},' +
      '{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\\"n\\":12345678901234567890,\\"long name\\":\\"b\\"}"}}]}]}'
    const document = upperCase(parseJson(body) as RequestDocument)
    expect(JSON.stringify(document)).toBe(
      '{"model":"m","seed":12345678901234567890,"messages":[{"role":"user","content":[{"type":"text","text":"A"}]},' +
        '{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"F","arguments":"{\\"n\\":\\"12345678901234567890\\",\\"LONG NAME\\":\\"B\\"}"}}]}]}',
    )
  })
})
