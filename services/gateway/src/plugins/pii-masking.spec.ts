import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatStream, noServices, plugged, saidIn } from '../testing/plugged.js'
import { piiMasking } from './pii-masking.js'

const both = piiMasking.create({ detectors: ['email', 'payment_card'], restore: true }, noServices)
const inputOnly = piiMasking.create({ detectors: ['email'], applies_to: 'input', restore: true }, noServices)
const silent = piiMasking.create({ detectors: ['email'], applies_to: 'input' }, noServices)
const outputOnly = piiMasking.create(
  { detectors: ['email', 'payment_card'], applies_to: 'output' },
  noServices,
)

const hello = { model: 'fast', messages: [{ role: 'user', content: 'I am a@b.io, not b@b.io.' }] }

const cut = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? []

describe('masking personal data', () => {
  it('keeps it from the provider, one placeholder for one value', async () => {
    const messages = [
      { role: 'system', content: 'Answer a@b.io.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'b@b.io and a@b.io' },
        ],
      },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a@b.io.png' } }] },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"to":"a@b.io"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'sent to c@b.io' },
    ]
    const { request } = await plugged([both], { model: 'fast', user: 'a@b.io', messages })
    const sent = JSON.stringify(request.document)
    expect(sent.match(/[abc]@b\.io/g)).toEqual(['a@b.io'])
    expect(sent).toContain('x.example/a@b.io.png')
    expect(request.document).toMatchObject({
      user: '[EMAIL_1]',
      messages: [
        { content: 'Answer [EMAIL_1].' },
        { content: [{}, { text: '[EMAIL_2] and [EMAIL_1]' }] },
        {},
        { tool_calls: [{ id: 'call_1', function: { arguments: '{"to":"[EMAIL_1]"}' } }] },
        { content: 'sent to [EMAIL_3]' },
      ],
    })
  })

  it('finds it in every field of a tool’s input and result in the other dialects (threat 25)', async () => {
    const content = [
      { type: 'tool_use', id: 't', name: 'f', input: { name: 'a@b.io', list: ['b@b.io'], id: 'a@b.io' } },
      { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'a@b.io' }] },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a@b.io' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'YUBiLmlv' } },
    ]
    const messages = await plugged(
      [both],
      { model: 'fast', system: 'a@b.io', messages: [{ role: 'user', content }] },
      'messages',
    )
    expect(JSON.stringify(messages.request.document)).not.toMatch(/[ab]@b\.io/)
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'a@b.io' }] },
      { type: 'function_call_output', call_id: 'c', output: 'a@b.io' },
    ]
    const responses = await plugged([both], { model: 'fast', instructions: 'a@b.io', input }, 'responses')
    expect(JSON.stringify(responses.request.document)).not.toMatch(/[ab]@b\.io/)
  })

  it('lets others be served while it looks at a long request (threat 23)', async () => {
    const line = 'Nothing to see here, but for a@b.io and 4111 1111 1111 1111.\n'
    let longestMs = 0
    let turnAt = performance.now()
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - turnAt)
      turnAt = performance.now()
    }, 1)
    const content = line.repeat(50_000)
    const { request } = await plugged([both], { model: 'fast', messages: [{ role: 'user', content }] })
    clearInterval(timer)
    const [message] = request.document['messages'] as { content: string }[]
    expect(message?.content).toBe(
      line.replace('a@b.io', '[EMAIL_1]').replace('4111 1111 1111 1111', '[PAYMENT_CARD_2]').repeat(50_000),
    )
    expect(longestMs).toBeLessThan(500)
  })

  it('gives the caller its own values back, and masks what else the model says', async () => {
    const { whole } = await plugged([both], hello)
    const answer = {
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: '[EMAIL_1]? x@y.io? [EMAIL_9]?' },
          finish_reason: 'stop',
        },
      ],
    }
    expect(await whole(answer)).toMatchObject({
      choices: [{ message: { content: 'a@b.io? [EMAIL]? [EMAIL_9]?' } }],
    })
  })

  it('gives nothing back unless it is asked to', async () => {
    const { whole } = await plugged([silent], hello)
    const answer = { choices: [{ index: 0, message: { content: '[EMAIL_1] x@y.io' } }] }
    expect(await whole(answer)).toEqual(answer)
  })

  it.each([1, 2, 3, 5, 8, 1_000])(
    'does both across pieces of a stream (%i characters each)',
    async (size) => {
      const text = 'So: [EMAIL_1], x.y@example.org or 4111 1111 1111 1111; [EMAIL_2] [not one] [EMAIL_'
      const { stream } = await plugged([both], hello)
      const events = await stream(chatStream(cut(text, size)), size * 7)
      expect(saidIn(events)).toBe('So: a@b.io, [EMAIL] or [PAYMENT_CARD]; b@b.io [not one] [EMAIL_')
      expect(events.at(-1)).toBe('[DONE]')
      const finishes = events
        .map((event) => JSON.stringify(event))
        .findIndex((event) => event.includes('"stop"'))
      // Nothing is said after the end.
      expect(saidIn(events.slice(finishes))).toBe('')
    },
  )

  it('says the same in any pieces as in one', async () => {
    const texts = fc.array(
      fc.constantFrom('a@b.io', '4111 1111 1111 1111', '[EMAIL_1]', '[', ' ', 'word', '4111', '@', '😀'),
      { maxLength: 30 },
    )
    const { whole, stream } = await plugged([both], hello)
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 20 }), async (parts, size) => {
        const text = parts.join('')
        const one = (await whole({ choices: [{ index: 0, message: { content: text } }] })) as {
          choices: { message: { content: string } }[]
        }
        expect(saidIn(await stream(chatStream(cut(text, size))))).toBe(one.choices[0]?.message.content)
      }),
      { numRuns: 200 },
    )
  })

  it('restores the arguments of a tool that a stream brings', async () => {
    const { stream } = await plugged([inputOnly], hello)
    const call = (args: string) => ({
      choices: [
        {
          index: 0,
          delta: { tool_calls: [{ index: 0, function: { arguments: args } }] },
          finish_reason: null,
        },
      ],
    })
    const end = { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }
    const events = await stream([call('{"to":"[EMA'), call('IL_1]","x":"['), call('b"}'), end, '[DONE]'])
    const said = events.flatMap((event) =>
      typeof event === 'string'
        ? []
        : (event['choices'] as { delta: { tool_calls?: { function: { arguments: string } }[] } }[]),
    )
    expect(said.map(({ delta }) => delta.tool_calls?.[0]?.function.arguments ?? '').join('')).toBe(
      '{"to":"a@b.io","x":"[b"}',
    )
  })

  it('writes what it held back into streams of the other dialects, in their order', async () => {
    const messages = await plugged([both], { model: 'fast', messages: hello.messages }, 'messages')
    const events = await messages.stream([
      { type: 'message_start', message: { id: 'm', content: [], usage: {} } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'to [EMAIL_1] and x@y' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: '.io' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} },
      { type: 'message_stop' },
    ])
    const said = events.map((event) => (event as { delta?: { text?: string } }).delta?.text ?? '').join('')
    expect(said).toBe('to a@b.io and [EMAIL]')
    expect(events.map((event) => (event as { type: string }).type)).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta'],
      ...['content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'],
    ])
  })

  it('keeps the events of the Responses API numbered and their texts the same', async () => {
    const { stream } = await plugged([both], { model: 'fast', input: 'a@b.io' }, 'responses')
    const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text: 'hi [EMAIL_1] x@y.io', annotations: [] }
    const item = { id: 'msg_1', type: 'message', role: 'assistant', content: [part] }
    const events = (await stream([
      { type: 'response.created', sequence_number: 0, response: { object: 'response', output: [] } },
      { type: 'response.output_text.delta', sequence_number: 1, ...place, delta: 'hi [EMAIL' },
      { type: 'response.output_text.delta', sequence_number: 2, ...place, delta: '_1] x@y.io' },
      { type: 'response.output_text.done', sequence_number: 3, ...place, text: part.text },
      { type: 'response.content_part.done', sequence_number: 4, ...place, part },
      { type: 'response.output_item.done', sequence_number: 5, output_index: 0, item },
      {
        type: 'response.completed',
        sequence_number: 6,
        response: { object: 'response', status: 'completed', output: [item] },
      },
    ])) as { sequence_number: number; type: string; delta?: string; text?: string }[]
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at))
    expect(events.map((event) => event.delta ?? '').join('')).toBe('hi a@b.io [EMAIL]')
    expect(events.find(({ type }) => type === 'response.output_text.done')?.text).toBe('hi a@b.io [EMAIL]')
    for (const event of events.slice(-3))
      expect(JSON.stringify(event)).toContain('"text":"hi a@b.io [EMAIL]"')
  })

  it('masks only what comes back where it is told so, with the log probabilities that would spell it', async () => {
    const { request, whole } = await plugged([outputOnly], hello)
    expect(request.document).toEqual(hello)
    const logprobs = { content: [{ token: 'x@y.io' }] }
    const answer = { choices: [{ index: 0, message: { content: 'x@y.io' }, logprobs }] }
    expect(await whole(answer)).toMatchObject({
      choices: [{ message: { content: '[EMAIL]' }, logprobs: null }],
    })
  })
})
