import { describe, expect, it } from 'vitest'
import { openaiResponses } from './openai-responses.js'

const request = {
  model: 'm',
  input: [
    { role: 'user', content: 'Go' },
    { type: 'function_call', call_id: 'c1', namespace: 'agents', name: 'close', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'closed' },
  ],
  tools: [
    { type: 'function', name: 'read', parameters: {} },
    { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'close', parameters: {} }] },
  ],
}

describe('tools that are declared as a group', () => {
  it('are functions of their own to other dialects, in calls of the past too', () => {
    const { tools, turns } = openaiResponses.readRequest(request)
    expect(tools.map(({ name }) => name)).toEqual(['read', 'agents__close'])
    expect(turns[1]?.parts[0]).toMatchObject({ type: 'tool_call', name: 'agents__close' })
  })

  it('are called back within their group, whole and as a stream', () => {
    const call = { type: 'tool_call' as const, id: 'c2', name: 'agents__close', arguments: '{"a":1}' }
    const choices = [{ parts: [call], stop: { reason: 'tool_calls' as const } }]
    const whole = openaiResponses.writeReply(
      { id: 'x', model: 'm', created: 1, choices, usage: undefined },
      { model: 'm' },
      request,
    )
    const called = { type: 'function_call', namespace: 'agents', name: 'close', arguments: '{"a":1}' }
    expect(whole['output']).toMatchObject([called])

    const writer = openaiResponses.writeStream({ model: 'm' }, request)
    const at = { choice: 0, part: 0 }
    const text = [
      writer.write({ type: 'start', id: 'x', model: 'm', created: 1 }),
      writer.write({
        type: 'part_start',
        ...at,
        start: { type: 'tool_call', id: 'c2', name: 'agents__close' },
      }),
      writer.write({ type: 'arguments', ...at, json: '{"a":1}' }),
      writer.write({ type: 'part_end', ...at }),
    ].join('')
    const done = text.split('\n').find((line) => line.includes('"response.output_item.done"')) ?? ''
    expect(JSON.parse(done.slice('data: '.length))).toMatchObject({ item: called })
  })
})
