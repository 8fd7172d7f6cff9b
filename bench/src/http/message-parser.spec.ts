import { describe, expect, it } from 'vitest'
import { FramingError, MessageParser } from './message-parser.js'

function collect(kind: 'request' | 'reply') {
  const messages: { head: string; body: string; ended: boolean }[] = []
  const parser = new MessageParser(kind, {
    onHead: (head) => messages.push({ head, body: '', ended: false }),
    onBody: (bytes, start, end) => {
      messages.at(-1)!.body += bytes.toString('latin1', start, end)
    },
    onEnd: () => {
      messages.at(-1)!.ended = true
    },
  })
  return { parser, messages }
}

const replies =
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
  'HTTP/1.1 100 Continue\r\n\r\n' +
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1A;ext=1\r\n01234567890123456789012345\r\n0\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\nx: y\r\n\r\n' +
  'HTTP/1.1 500 No\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\n!\r\n0\r\ntrailer: 1\r\n\r\n' +
  'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

const expected = [
  { status: '200', body: 'hello' },
  { status: '200', body: 'abc01234567890123456789012345' },
  { status: '204', body: '' },
  { status: '500', body: '!' },
  { status: '200', body: '' },
]

describe('MessageParser', () => {
  it.each([1, 2, 3, 7, 16, 10_000])('frames replies that arrive in pieces of %i bytes', (size) => {
    const { parser, messages } = collect('reply')
    const bytes = Buffer.from(replies)
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size))
    expect(messages.map(({ head, body }) => ({ status: head.slice(9, 12), body }))).toEqual(expected)
    expect(messages.every(({ ended }) => ended)).toBe(true)
  })

  it('keeps what it carries over when the caller reuses the buffer', () => {
    const { parser, messages } = collect('reply')
    const shared = Buffer.alloc(64)
    for (const piece of ['HTTP/1.1 200 OK\r\nconte', 'nt-length: 2\r\n\r\nok']) {
      shared.fill(0)
      parser.push(shared.subarray(0, shared.write(piece)))
    }
    expect(messages).toEqual([{ head: 'HTTP/1.1 200 OK\r\ncontent-length: 2', body: 'ok', ended: true }])
  })

  it('frames requests with and without a body', () => {
    const { parser, messages } = collect('request')
    parser.push(
      Buffer.from('GET /a HTTP/1.1\r\nhost: x\r\n\r\nPOST /b HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi'),
    )
    expect(messages.map(({ head, body }) => [head.split(' ')[1], body])).toEqual([
      ['/a', ''],
      ['/b', 'hi'],
    ])
  })

  it('ends a reply without a length when the connection closes', () => {
    const { parser, messages } = collect('reply')
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nall of it'))
    expect(messages[0]?.ended).toBe(false)
    expect(parser.close()).toBe(true)
    expect(messages).toEqual([{ head: 'HTTP/1.1 200 OK', body: 'all of it', ended: true }])
  })

  it('says that a connection closed too early', () => {
    const { parser } = collect('reply')
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort'))
    expect(parser.close()).toBe(false)
  })

  it.each(['SSH-2.0-x\r\n\r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n'])(
    'refuses what is not HTTP: %j',
    (text) => {
      const { parser } = collect('reply')
      expect(() => parser.push(Buffer.from(text))).toThrow(FramingError)
    },
  )

  it('refuses a head without an end', () => {
    const { parser } = collect('reply')
    expect(() => parser.push(Buffer.alloc(70_000, 'a'))).toThrow(/no end of line/)
  })
})
