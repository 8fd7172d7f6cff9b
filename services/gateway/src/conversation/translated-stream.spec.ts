import { describe, expect, it } from 'vitest'
import type { ReplyEvent } from './reply.js'
import { TranslatedStream } from './translated-stream.js'

const at = { choice: 0, part: 0 }
const words: ReplyEvent[] = [
  { type: 'start', id: '', model: '', created: 0 },
  { type: 'part_start', ...at, start: { type: 'text' } },
  { type: 'text', ...at, text: 'abcdefgh' },
]
const ending: ReplyEvent[] = [
  { type: 'part_end', ...at },
  { type: 'stop', choice: 0, stop: { reason: 'end' } },
  { type: 'end' },
]

const streamOf = (...pushes: ReplyEvent[][]) =>
  new TranslatedStream({ push: () => pushes.shift() ?? [] }, { write: ({ type }) => `${type};` })

describe('TranslatedStream', () => {
  it('keeps its end back, and tells nothing after it', () => {
    const stream = streamOf(words, [...ending, ...words], words)
    expect(stream.push(Buffer.from('x'))?.toString()).toBe('start;part_start;text;')
    expect(stream.isCut).toBe(true)
    expect(stream.push(Buffer.from('x'))?.toString()).toBe('part_end;stop;')
    expect(stream).toMatchObject({ isCut: false, done: true, ending: 'end;' })
    expect(stream.push(Buffer.from('x'))).toBeUndefined()
    expect(stream.estimateOutputTokens()).toBe(2)
  })

  it('has no end where its vendor failed', () => {
    const error = { status: 529, code: 'overloaded', message: '', cause: 'other' } as const
    const stream = streamOf(words, [{ type: 'error', error }, ...ending])
    stream.push(Buffer.from('x'))
    expect(stream.push(Buffer.from('x'))?.toString()).toBe('error;')
    expect(stream).toMatchObject({ failed: true, done: false, isCut: false, ending: '' })
  })

  it('refuses an endless upstream (threat 26)', () => {
    const stream = streamOf()
    const chunk = Buffer.alloc(1024 * 1024)
    expect(() => {
      for (let sent = 0; sent <= 128; sent++) stream.push(chunk)
    }).toThrow('128 MiB')
  })
})
