import { describe, expect, it } from 'vitest'
import type { Signature } from '../../conversation/conversation.js'
import { asNumber, asObject, asText, objectsOf, parseObject } from '../../conversation/json.js'
import type { ReplyEvent } from '../../conversation/reply.js'
import { anthropicMessages } from './anthropic-messages.js'

describe('a stream of messages that is written', () => {
  const write = (events: ReplyEvent[]) => {
    const writer = anthropicMessages.writeStream({ model: 'm' }, {})
    const text = events.map((event) => writer.write(event)).join('')
    return objectsOf([...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => parseObject(json ?? '')))
  }
  const part = { choice: 0, part: 0 }
  const other = { choice: 0, part: 1 }

  it('has its blocks one after the other, whatever overlaps', () => {
    const events = write([
      { type: 'start', id: 'x', model: 'm', created: 1 },
      { type: 'part_start', ...part, start: { type: 'tool_call', id: 'a', name: 'f' } },
      { type: 'part_start', ...other, start: { type: 'tool_call', id: 'b', name: 'g' } },
      { type: 'arguments', ...other, json: '{"b":' },
      { type: 'arguments', ...part, json: '{"a":' },
      { type: 'arguments', ...other, json: '1}' },
      { type: 'part_end', ...other },
      { type: 'arguments', ...part, json: '1}' },
      { type: 'part_end', ...part },
      { type: 'stop', choice: 0, stop: { reason: 'tool_calls' } },
      { type: 'end' },
    ])
    expect(events.map(({ type, index }) => `${asText(type)} ${asNumber(index) ?? ''}`.trim())).toEqual([
      ...[
        'message_start',
        'content_block_start 0',
        'content_block_delta 0',
        'content_block_delta 0',
        'content_block_stop 0',
      ],
      ...['content_block_start 1', 'content_block_delta 1', 'content_block_delta 1', 'content_block_stop 1'],
      ...['message_delta', 'message_stop'],
    ])
    const json = events.map(({ delta }) => asText(asObject(delta)?.['partial_json']) ?? '').join('')
    expect(json).toBe('{"a":1}{"b":1}')
  })

  it('begins hidden reasoning as what it is', () => {
    const signature: Signature = { by: 'anthropic-messages', value: 'x', isHidden: true }
    const events = write([
      { type: 'part_start', ...part, start: { type: 'reasoning' } },
      { type: 'signature', ...part, signature },
      { type: 'part_end', ...part },
    ])
    expect(events).toEqual([
      { type: 'content_block_start', index: 0, content_block: { type: 'redacted_thinking', data: 'x' } },
      { type: 'content_block_stop', index: 0 },
    ])
  })

  it('tells a refusal as one', () => {
    const events = write([
      { type: 'start', id: 'x', model: 'm', created: 1 },
      { type: 'part_start', ...part, start: { type: 'refusal' } },
      { type: 'text', ...part, text: 'No.' },
      { type: 'part_end', ...part },
      { type: 'stop', choice: 0, stop: { reason: 'refusal' } },
      { type: 'end' },
    ])
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'No.' } },
    })
  })
})
