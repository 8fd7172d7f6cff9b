import { describe, expect, it } from 'vitest'
import { conversationExchange } from '../inference/conversation-exchange.js'
import { chat, messages } from '../inference/conversation-endpoints.js'
import { attemptedCall } from '../testing/attempted-call.js'
import type { Conversation } from './conversation.js'
import { ToolNames } from './tool-names.js'

const long = `mcp__${'a_server_of_tools__'.repeat(5)}read`
const longer = `mcp__${'a_server_of_tools__'.repeat(5)}write`
const taken = /^[a-zA-Z0-9_-]{1,64}$/

const conversation = (...names: string[]): Conversation => ({
  ...{ system: [], sampling: {}, stream: false, tellsStreamUsage: true, unread: [] },
  tools: names.map((name) => ({ type: 'function', name })),
  turns: [
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: names[0] ?? '', arguments: '{}' }] },
    { role: 'user', parts: [{ type: 'tool_result', callId: 'c1', name: names[0] ?? '', parts: [] }] },
  ],
  toolChoice: { name: names[0] ?? '' },
})

describe('names of tools that a provider refuses', () => {
  it.each([[long], ['a.b'], ['a b'], ['ü'], ['7 days']])(
    '%j is another one, the same in each place',
    (name) => {
      const { tools, turns, toolChoice } = new ToolNames(conversation(name), taken).toProvider()
      const other = tools[0]?.name ?? ''
      expect(other).toMatch(/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/)
      expect(toolChoice).toEqual({ name: other })
      expect(turns.map(({ parts: [part] }) => part)).toMatchObject([{ name: other }, { name: other }])
      expect(new ToolNames(conversation(name, 'b'), taken).toProvider().tools[0]?.name).toBe(other)
    },
  )

  it('are told apart, and come back', () => {
    const names = new ToolNames(conversation(long, longer, 'a.b', 'a_b'), taken)
    const sent = names.toProvider().tools.map(({ name }) => name)
    expect(new Set(sent).size).toBe(4)
    const parts = sent.map((name) => ({ type: 'tool_call' as const, id: 'c', name, arguments: '' }))
    const reply = { id: '', model: '', created: 0, usage: undefined }
    const back = names.replyToCaller({ ...reply, choices: [{ parts, stop: { reason: 'tool_calls' } }] })
    expect(back.choices[0]?.parts).toMatchObject([long, longer, 'a.b', 'a_b'].map((name) => ({ name })))
  })

  it('changes nothing where all are taken', () => {
    const asked = conversation('read', 'write')
    expect(new ToolNames(asked, taken).toProvider()).toBe(asked)
  })
})

describe('an exchange with tools whose names its provider refuses', () => {
  const tools = [{ type: 'function', function: { name: long, parameters: { type: 'object' } } }]
  const request = { messages: [{ role: 'user', content: 'Go' }], tools }

  it('asks with other names, and answers with those that were asked', () => {
    const exchange = conversationExchange('openai-chat', attemptedCall(chat, request, { type: 'gemini' }))
    const sent = /"functionDeclarations":\[\{"name":"([^"]*)"/.exec(exchange.body.toString())?.[1] ?? ''
    expect([sent.length, sent === long]).toEqual([64, false])
    const answer = {
      candidates: [
        { content: { parts: [{ functionCall: { name: sent, args: {} } }] }, finishReason: 'STOP' },
      ],
    }
    const whole = exchange.readWhole(Buffer.from(JSON.stringify(answer)), 'application/json')
    expect(whole.body.toString()).toContain(`"name":"${long}"`)
    const tap = exchange.openStream('text/event-stream')
    const shown = tap?.push(Buffer.from(`data: ${JSON.stringify(answer)}\n\n`))?.toString()
    expect(shown).toContain(`"name":"${long}"`)
  })

  it('leaves a name that the provider takes', () => {
    const name = 'a'.repeat(128)
    const asked = { ...request, max_tokens: 9, tools: [{ name, input_schema: { type: 'object' } }] }
    const to = (type: string) =>
      conversationExchange('anthropic-messages', attemptedCall(messages, asked, { type })).body.toString()
    expect(to('openai')).not.toContain(name)
    expect(
      conversationExchange(
        'openai-chat',
        attemptedCall(chat, request, { type: 'anthropic' }),
      ).body.toString(),
    ).toContain(long)
  })
})
