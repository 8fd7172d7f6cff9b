import { describe, expect, it } from 'vitest'
import { ChatStream } from './chat-stream.js'

const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`
const content = (text: string) =>
  event({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }], usage: null })
const usage = event({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } })
const done = 'data: [DONE]\n\n'

/** Pushes a text in pieces of `size` bytes and gives back what went on to the caller. */
function pass(stream: ChatStream, text: string, size = text.length): string {
  const bytes = Buffer.from(text)
  const shown: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const part = stream.push(bytes.subarray(at, at + size))
    if (part) shown.push(part)
  }
  return Buffer.concat(shown).toString()
}

describe('ChatStream', () => {
  it('passes everything but the end, when the caller asked for usage', () => {
    const stream = new ChatStream(false)
    expect(pass(stream, content('Hé') + usage + done)).toBe(content('Hé') + usage)
    expect(stream).toMatchObject({ done: true, isCut: false, usage: { inputTokens: 9, outputTokens: 3 } })
  })

  it('hides the usage that the caller did not ask for: the last chunk, and the null in each other', () => {
    const stream = new ChatStream(true)
    const shown = pass(stream, content('Hi') + usage + done)
    expect(shown).not.toContain('usage')
    expect(JSON.parse(shown.slice(6))).toEqual({
      choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }],
    })
    expect(stream.usage).toMatchObject({ source: 'reported', inputTokens: 9, outputTokens: 3 })
  })

  it('hides it however it is written, and what cannot be true as well', () => {
    const shown = (text: string) => pass(new ChatStream(true), text)
    expect(shown('data: {"choices": [], "usage": null}\n\n')).toBe('data: {"choices": []}\n\n')
    expect(shown('data: {"usage": null, "choices": []}\n\n')).toBe('data: {"choices": []}\n\n')
    expect(shown(event({ choices: [], usage: { prompt_tokens: -1 } }))).toBe('')
    expect(shown(event({ choices: [1], usage: null, x: { usage: null } }))).toBe(
      event({ choices: [1], x: { usage: null } }),
    )
  })

  it('finds an error beside a usage of null', () => {
    const stream = new ChatStream(true)
    const text = 'data: {"error":{"message":"overloaded"},"usage":null}\n\n'
    expect([pass(stream, text), stream.failed]).toEqual([event({ error: { message: 'overloaded' } }), true])
  })

  it('reads the usage of a chunk that has a null of that name elsewhere', () => {
    const stream = new ChatStream(true)
    const text = event({ choices: [], x: { usage: null }, usage: { prompt_tokens: 9, completion_tokens: 3 } })
    expect([pass(stream, text), stream.usage]).toEqual([
      '',
      expect.objectContaining({ inputTokens: 9, outputTokens: 3 }),
    ])
  })

  it('keeps a chunk that has both choices and usage, without the usage', () => {
    const stream = new ChatStream(true)
    const last = event({
      choices: [{ delta: { content: 'é' } }],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    })
    expect(JSON.parse(pass(stream, last).slice(6))).toEqual({ choices: [{ delta: { content: 'é' } }] })
    expect(stream.usage).toBeDefined()
  })

  it.each([1, 2, 3, 7, 64])('shows the same, however the bytes are cut (%i at a time)', (size) => {
    const text = content('Grüße, "usage" \\n\\n 世界') + content('b') + usage + done
    for (const hides of [true, false]) {
      expect(pass(new ChatStream(hides), text, size)).toBe(pass(new ChatStream(hides), text))
    }
  })

  it('does not take the word in a text for usage', () => {
    const text = content('say "usage":null, please')
    expect(pass(new ChatStream(true), text)).toContain('say \\"usage\\":null, please')
  })

  it('understands CRLF', () => {
    const stream = new ChatStream(false)
    const text = (content('x') + usage + done).replaceAll('\n\n', '\r\n\r\n')
    expect(pass(stream, text, 5)).toContain('"x"')
    expect(stream).toMatchObject({ done: true, usage: { inputTokens: 9 } })
  })

  it('is cut without [DONE], and never shows half an event', () => {
    const stream = new ChatStream(false)
    expect(pass(stream, content('x') + 'data: {"choi')).toBe(content('x'))
    expect(stream.isCut).toBe(true)
  })

  it('knows an error event, which needs no [DONE]', () => {
    const stream = new ChatStream(true)
    const error = event({ error: { message: 'overloaded' } })
    expect(pass(stream, error)).toBe(error)
    expect(stream).toMatchObject({ failed: true, isCut: false })
  })

  it('ignores usage that cannot be true', () => {
    for (const tokens of [-1, 1.5, 1e20, '5', null]) {
      const stream = new ChatStream(false)
      pass(stream, event({ choices: [], usage: { prompt_tokens: tokens, completion_tokens: 1 } }))
      expect(stream.usage).toBeUndefined()
    }
  })

  it('estimates what was generated: text, reasoning and tool arguments, over any length', () => {
    const stream = new ChatStream(true)
    const delta = (value: object) => event({ choices: [{ index: 0, delta: value }] })
    for (let i = 0; i < 2_000; i++) pass(stream, delta({ content: 'abcd' }))
    pass(
      stream,
      delta({ reasoning_content: 'abcdefgh' }) + delta({ tool_calls: [{ function: { arguments: 'abcd' } }] }),
    )
    expect(stream.estimateOutputTokens()).toBeGreaterThanOrEqual(2_003)
    expect(stream.estimateOutputTokens()).toBeLessThan(2_020)
  })

  it('refuses an endless event', () => {
    const stream = new ChatStream(true)
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    expect(() => {
      for (let i = 0; i < 10; i++) stream.push(chunk)
    }).toThrow('8 MiB')
  })
})
