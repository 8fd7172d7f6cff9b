import { describe, expect, it } from 'vitest'
import { EventCounter } from './event-counter.js'

const stream =
  ': comment\n\nevent: x\ndata: {"a":1}\n\ndata:{"b":2}\r\n\r\nda\nta: no\ndata: {"c":3}\n\ndata: [DONE]\n\n'

function count(text: string, size: number): { events: number; done: boolean } {
  const counter = new EventCounter()
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) counter.push(bytes, at, Math.min(bytes.length, at + size))
  return { events: counter.events, done: counter.done }
}

describe('EventCounter', () => {
  it.each([1, 2, 5, 11, 1_000])('counts data lines cut into pieces of %i bytes', (size) => {
    expect(count(stream, size)).toEqual({ events: 3, done: true })
  })

  it('takes a stream that goes on after [DONE] for unfinished', () => {
    expect(count(`${stream}data: {"d":4}\n\n`, 9)).toEqual({ events: 4, done: false })
  })

  it('takes a stream that was cut for unfinished', () => {
    expect(count('data: {"a":1}\n\ndata: [DON', 1_000)).toEqual({ events: 1, done: false })
  })

  it('starts over for the next reply', () => {
    const counter = new EventCounter()
    counter.push(Buffer.from('data: 1\n\ndata: [DONE]\n\ndata: ha'), 0, 31)
    counter.reset()
    counter.push(Buffer.from('data: 2\n\n'), 0, 9)
    expect([counter.events, counter.done]).toEqual([1, false])
  })
})
