import { describe, expect, it } from 'vitest'
import { eventsEnd, refuseBroken, sseEvent, SseReader, WholeEvents } from './sse.js'

function read(text: string, size: number) {
  const reader = new SseReader()
  const bytes = Buffer.from(text)
  const events = []
  for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)))
  return events
}

describe('SseReader', () => {
  it.each([1, 2, 3, 5, 1000])('reads events however their bytes are cut (%i at a time)', (size) => {
    const text =
      ': hello\n\n' +
      sseEvent('{"é":"世界"}', 'delta') +
      'data: a\r\ndata:b\r\n\r\n' +
      sseEvent('[DONE]') +
      'data: half'
    expect(read(text, size)).toEqual([
      { event: 'delta', data: '{"é":"世界"}' },
      { event: '', data: 'a\nb' },
      { event: '', data: '[DONE]' },
    ])
  })

  it('refuses an endless event', () => {
    const reader = new SseReader()
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    expect(() => {
      for (let i = 0; i < 10; i++) reader.push(chunk)
    }).toThrow('8 MiB')
  })
})

describe('eventsEnd', () => {
  it.each([
    ['data: a\n\n', 9],
    ['data: a\n\ndata: b', 9],
    ['data: a\r\n\r\ndata', 11],
    ['data: a\n', 0],
    ['', 0],
  ])('of %j is %i', (text, end) => expect(eventsEnd(Buffer.from(text))).toBe(end))
})

describe('refuseBroken', () => {
  it.each(['data: {"a":\n\n', 'data: {}\n\ndata:{"a":"\r\n\r\n', 'event: x\ndata: {"a":1} x\n\n'])(
    'refuses %j',
    (text) => expect(() => refuseBroken(Buffer.from(text))).toThrow('not JSON'),
  )

  it.each([
    ...['data: {"a":1}\n\n', 'data: [DONE]\n\n', ': ping\n\n', 'data:\n\n', '\n\n', ''],
    ...['data: {\ndata: }\n\n', 'data: {"a":1} \r\n\r\n', 'event: ping\n\n', 'data: alive\n\n'],
  ])('lets %j pass', (text) => expect(() => refuseBroken(Buffer.from(text))).not.toThrow())
})

describe('WholeEvents', () => {
  it.each(['\n\n', '\r\n\r\n'])('finds the end however it is cut (%j)', (end) => {
    const text = `data: a${end}data: b${end}data: c`
    for (const size of [1, 2, 3, 4, 5, 100]) {
      const whole = new WholeEvents()
      const bytes = Buffer.from(text)
      const told: string[] = []
      for (let at = 0; at < bytes.length; at += size)
        told.push(whole.push(bytes.subarray(at, at + size))?.toString() ?? '')
      expect(told.join('')).toBe(`data: a${end}data: b${end}`)
    }
  })

  it('never changes what it has given away', () => {
    const whole = new WholeEvents()
    whole.push(Buffer.from('data: a'))
    const first = whole.push(Buffer.from('b\n\ndata: c'))
    whole.push(Buffer.from('d'))
    const second = whole.push(Buffer.from('e\n\n'))
    expect([first?.toString(), second?.toString()]).toEqual(['data: ab\n\n', 'data: cde\n\n'])
  })

  it('takes an event that drips in without copying it for each drop (threat 26)', () => {
    const whole = new WholeEvents()
    const drop = Buffer.alloc(64, 'x')
    const start = performance.now()
    for (let sent = 0; sent < 7 * 1024 * 1024; sent += drop.length) whole.push(drop)
    expect(whole.push(Buffer.from('\n\n'))?.length).toBe(7 * 1024 * 1024 + 2)
    // Copied each time, it would be 400 GB.
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})
