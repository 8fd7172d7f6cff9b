import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldPart, readForm, writeForm } from './multipart.js'

const type = 'multipart/form-data; boundary=xyz'
const form = (...lines: string[]) => Buffer.from(lines.join('\r\n'))

describe('a form', () => {
  it('is read as what the official clients send', async () => {
    const sent = new FormData()
    sent.append('model', 'whisper-1')
    sent.append('timestamp_granularities[]', 'word')
    sent.append('file', new File([Buffer.from([0, 255, 13, 10, 45, 45])], 'a "b".wav', { type: 'audio/wav' }))
    const request = new Request('http://x.test', { method: 'POST', body: sent })
    const contentType = request.headers.get('content-type') ?? ''
    const parts = readForm(Buffer.from(await request.arrayBuffer()), contentType)
    expect(parts.map(({ name, filename }) => [name, filename])).toEqual([
      ['model', undefined],
      ['timestamp_granularities[]', undefined],
      ['file', 'a %22b%22.wav'],
    ])
    expect(parts[2]?.content).toEqual(Buffer.from([0, 255, 13, 10, 45, 45]))
  })

  it('comes back from what it was written as, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.string({ minLength: 1 }).filter((name) => /^\w+$/.test(name)),
            fc.uint8Array(),
          ),
        ),
        (fields) => {
          const parts = fields.map(([name, bytes]) => ({
            ...fieldPart(name, ''),
            content: Buffer.from(bytes),
          }))
          const read = readForm(
            writeForm(parts, 'weir-boundary'),
            'multipart/form-data; boundary="weir-boundary"',
          )
          expect(read.map(({ name, content }) => [name, content])).toEqual(
            parts.map(({ name, content }) => [name, content]),
          )
        },
      ),
    )
  })

  it.each([
    ['no boundary', 'multipart/form-data', form('--xyz--', '')],
    ['another type', 'application/json; boundary=xyz', form('{}')],
    [
      'another boundary',
      type,
      form('--abc', 'content-disposition: form-data; name="a"', '', '1', '--abc--', ''),
    ],
    ['no end', type, form('--xyz', 'content-disposition: form-data; name="a"', '', '1', '')],
    ['no end of a head', type, form('--xyz', 'content-disposition: form-data; name="a"')],
    ['no name', type, form('--xyz', 'content-disposition: form-data', '', '1', '--xyz--', '')],
    ['an endless head', type, form('--xyz', `a: ${'x'.repeat(20_000)}`, '', '1', '--xyz--', '')],
    ['too many parts', type, writeForm(Array(1_001).fill(fieldPart('a', '1')), 'xyz')],
    ['nothing', type, Buffer.alloc(0)],
  ])('is refused with %s', (_, contentType, body) => {
    expect(() => readForm(body, contentType)).toThrow(/multipart\/form-data/)
  })
})
