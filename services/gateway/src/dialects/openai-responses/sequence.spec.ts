import { describe, expect, it } from 'vitest'
import { TranslatedStream } from '../../conversation/translated-stream.js'
import { openAiChat } from '../openai-chat/openai-chat.js'
import { openaiResponses } from './openai-responses.js'

const numbersIn = (text = '') =>
  [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number))

describe('the events of a stream that breaks off', () => {
  it('are numbered on by whoever tells of it, where they pass', () => {
    const tap = openaiResponses.tapStream({})
    expect(tap.nextSequence).toBe(0)
    const event = (number: number) =>
      `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"a","sequence_number":${number}}\n\n`
    tap.push(Buffer.from(event(8) + event(9)))
    tap.push(Buffer.from('event: response.output_text.delta\ndata: {"sequence_number":10'))
    expect(tap.nextSequence).toBe(10)
  })

  it('are numbered on where they are translated', () => {
    const stream = new TranslatedStream(
      openAiChat.readStream(),
      openaiResponses.writeStream({ model: 'm' }, { input: 'Hi' }),
    )
    const chunk = { id: 'x', choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] }
    const shown = stream.push(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))?.toString()
    expect(numbersIn(shown)).toEqual([0, 1, 2, 3, 4])
    expect(stream.nextSequence).toBe(5)
  })
})
