import { Anthropic } from '@anthropic-ai/sdk'
import { OpenAI } from 'openai'
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { ResponseStream } from 'openai/lib/responses/ResponseStream'
import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream'
import { describe, expect, it } from 'vitest'
import type { DialectName } from '../conversation/conversation.js'
import type { Document } from '../conversation/dialect.js'
import { parseObject } from '../conversation/json.js'
import { dialects } from '../inference/dialects.js'
import { assemble, gistOf } from '../testing/assemble.js'
import { asked, streamTo, wholeTo } from '../testing/told.js'
import type { VendorStream } from '../testing/vendor-streams/vendor-stream.js'
import { vendorStreams } from '../testing/vendor-streams/vendor-streams.js'

const callers = ['openai-chat', 'anthropic-messages', 'openai-responses'] as const
type Caller = (typeof callers)[number]

const streamOf = (events: Document[]): ReadableStream =>
  new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(Buffer.from(`${JSON.stringify(event)}\n`))
      controller.close()
    },
  })

/** What the vendor's own SDK makes of a stream: what it says, and each call with its arguments. */
const accumulate: Readonly<
  Record<
    Caller,
    (events: Document[]) => Promise<{ text: string; calls: { name: string; arguments: string }[] }>
  >
> = {
  'openai-chat': async (events) => {
    const { message } = (
      await ChatCompletionStream.fromReadableStream(streamOf(events)).finalChatCompletion()
    ).choices[0] as OpenAI.ChatCompletion.Choice
    return {
      text: (message.content ?? '') + (message.refusal ?? ''),
      calls: (message.tool_calls ?? []).flatMap((call) =>
        call.type === 'function' ? [{ name: call.function.name, arguments: call.function.arguments }] : [],
      ),
    }
  },
  'anthropic-messages': async (events) => {
    const message: Anthropic.Message = await MessageStream.fromReadableStream(streamOf(events)).finalMessage()
    return {
      text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      calls: message.content.flatMap((block) =>
        block.type === 'tool_use' ? [{ name: block.name, arguments: JSON.stringify(block.input) }] : [],
      ),
    }
  },
  'openai-responses': async (events) => {
    const response = await ResponseStream.fromReadableStream(streamOf(events)).finalResponse()
    return {
      text: response.output
        .flatMap((item) => (item.type === 'message' ? item.content : []))
        .map((part) => (part.type === 'refusal' ? part.refusal : part.text))
        .join(''),
      calls: response.output.flatMap((item) =>
        item.type === 'function_call' ? [{ name: item.name, arguments: item.arguments }] : [],
      ),
    }
  },
}

const inputsOf = (calls: VendorStream['says']['calls'] = []) =>
  calls.map(({ name, arguments: text }) => ({ name, input: parseObject(text || '{}') ?? {} }))

describe.each(callers)('to a caller of %s, a stream', (caller) => {
  it.each(vendorStreams.filter(({ from }) => from !== caller))(
    'of $from: $name',
    async ({ from, events, says }) => {
      const { events: told, stream, text } = streamTo(caller, { from, events })
      expect(stream).toMatchObject({ done: true, failed: false })
      for (const size of [1, 7, 100])
        expect(shape(streamTo(caller, { from, events, size }).text)).toBe(shape(text))

      const [read] = gistOf(assemble(readBack(caller, text)).reply)
      const { text: said = '', refusal = '', reasoning = '', calls } = says
      expect(read?.reasoning).toBe(reasoning)
      expect((read?.text ?? '') + (read?.refusal ?? '')).toBe(said + refusal)
      expect(inputsOf(read?.calls)).toEqual(inputsOf(calls))

      const accumulated = await accumulate[caller](told)
      expect(accumulated.text).toBe(said + refusal)
      expect(inputsOf(accumulated.calls)).toEqual(inputsOf(calls))
      // Clients parse what they get, also where a tool takes nothing.
      if (says.stop === 'tool_calls')
        for (const call of accumulated.calls) expect(parseObject(call.arguments)).toBeDefined()
    },
  )
})

function readBack(caller: DialectName, text: string) {
  const { provider } = dialects[caller]
  if (!provider) throw new Error('Nobody speaks so.')
  return provider.readStream().push(Buffer.from(text))
}

/** Ids and times are new each time. */
const shape = (text: string): string =>
  text
    .replaceAll(/_(weir)?[0-9a-f]{32,}/g, '_')
    .replaceAll(/"(id|item_id)":"[^"]*"/g, '')
    .replaceAll(/"(created|created_at|completed_at)":\d+/g, '')

describe('citations', () => {
  const cited = { cited_text: 'abc', document_index: 0, document_title: 'D', file_id: null }
  const page = { type: 'page_location', ...cited, start_page_number: 1, end_page_number: 2 }

  it('of documents reach callers of OpenAI’s APIs, which know addresses alone', () => {
    const reply = {
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'c', stop_reason: 'end_turn' },
      content: [{ type: 'text', text: 'Yes', citations: [page] }],
    }
    const annotation = { type: 'url_citation', url: 'document:D', title: 'D', start_index: 0, end_index: 3 }
    expect(wholeTo('openai-responses', { from: 'anthropic-messages', reply })).toMatchObject({
      output: [{ content: [{ text: 'Yes', annotations: [annotation] }] }],
    })
  })

  it.each([
    [{ documentPage: { documentIndex: 0, start: 1, end: 2 } }, page],
    [
      { documentChar: { documentIndex: 0, start: 1, end: 2 } },
      { type: 'char_location', ...cited, start_char_index: 1, end_char_index: 2 },
    ],
  ])('of Claude through Bedrock are as its own: %j', (location, citation) => {
    const citations = [{ title: 'D', sourceContent: [{ text: 'abc' }], location }]
    const content = [{ citationsContent: { content: [{ text: 'Yes' }], citations } }]
    const reply = { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn' }
    expect(wholeTo('anthropic-messages', { from: 'bedrock-converse', reply })).toMatchObject({
      content: [{ text: 'Yes', citations: [citation] }],
    })
  })
})

describe('a request of Responses', () => {
  const request = { model: 'x', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }

  it('has no temperature for a model that thinks, and says so', () => {
    const cold = { ...request, temperature: 0.2, top_p: 1 }
    const { document, dropped } = asked('openai-responses', {
      ...{ from: 'anthropic-messages', request: cold, model: 'gpt-5' },
    })
    expect(document).not.toHaveProperty('temperature')
    expect(document).not.toHaveProperty('top_p')
    expect(dropped).toEqual(['temperature'])
    expect(
      asked('openai-responses', { from: 'anthropic-messages', request: cold, model: 'gpt-4.1' }).document,
    ).toMatchObject({ temperature: 0.2, top_p: 1 })
  })

  it.each([
    ['gpt-5', { type: 'adaptive' }, { effort: 'max' }, { effort: 'high', summary: 'auto' }],
    ['gpt-5.2', { type: 'adaptive' }, { effort: 'max' }, { effort: 'xhigh', summary: 'auto' }],
    ['gpt-5', { type: 'enabled', budget_tokens: 5_000 }, undefined, { effort: 'medium', summary: 'auto' }],
    ['gpt-5.1', { type: 'disabled' }, undefined, { effort: 'none' }],
    ['gpt-4.1', { type: 'enabled', budget_tokens: 5_000 }, undefined, undefined],
  ])('asks %s to think as it can, for %j and %j', (model, thinking, output_config, reasoning) => {
    const { document, dropped } = asked('openai-responses', {
      ...{ from: 'anthropic-messages', request: { ...request, thinking, output_config }, model },
    })
    expect(document['reasoning']).toEqual(reasoning)
    expect(document['include']).toEqual(reasoning && ['reasoning.encrypted_content'])
    expect(dropped).toEqual(reasoning ? [] : ['reasoning_effort'])
  })

  it('is strict only where OpenAI would take the schema so', () => {
    const open = { type: 'object', properties: { a: { type: 'string' } } }
    const closed = { ...open, required: ['a'], additionalProperties: false }
    const tools = [open, closed].map((input_schema, at) => ({ name: `t${at}`, strict: true, input_schema }))
    const { document } = asked('openai-responses', {
      ...{ from: 'anthropic-messages', request: { ...request, tools }, model: 'gpt-5' },
    })
    expect(document['tools']).toMatchObject([{ strict: false }, { strict: true }])
  })
})

describe('a picture that Gemini makes', () => {
  const parts = [{ text: 'Here:' }, { inlineData: { mimeType: 'image/png', data: 'iVBO' } }]
  const reply = { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] }
  const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' }, index: 0 }]

  it('reaches callers of Chat Completions, whole and in a stream', () => {
    const whole = wholeTo('openai-chat', { from: 'gemini', reply })
    expect(whole).toMatchObject({ choices: [{ message: { content: 'Here:', images } }] })
    const { events } = streamTo('openai-chat', { from: 'gemini', events: [['', reply]] })
    expect(events).toContainEqual(
      expect.objectContaining({ choices: [expect.objectContaining({ delta: { images } })] }),
    )
  })
})

describe('a thought', () => {
  it.each(['openai-chat', 'openai-responses', 'gemini', 'bedrock-converse'] as const)(
    'that another vendor has signed is not sent to one of %s, which is said',
    (provider) => {
      const content = [
        { type: 'thinking', thinking: 'Hm.', signature: 'Eq' },
        { type: 'text', text: 'Yes' },
      ]
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content },
        { role: 'user', content: 'And?' },
      ]
      const request = { model: 'x', max_tokens: 9, messages }
      const { document, dropped } = asked(provider, { from: 'anthropic-messages', request, model: 'other' })
      expect(JSON.stringify(document)).not.toContain('Hm.')
      expect(dropped).toEqual(['reasoning'])
    },
  )
})
