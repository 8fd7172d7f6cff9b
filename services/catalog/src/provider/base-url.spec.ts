import type { AppError } from '@weir/errors'
import { AddressPolicy } from '@weir/upstream-address'
import { describe, expect, it } from 'vitest'
import { toBaseUrl } from './base-url.js'

const strict = new AddressPolicy([])
const local = new AddressPolicy(['127.0.0.0/8'])

describe('a base URL', () => {
  it.each([
    ['https://llm.example.com/v1/', 'https://llm.example.com/v1'],
    ['HTTPS://LLM.Example.com:443/v1///', 'https://llm.example.com/v1'],
    ['https://llm.example.com', 'https://llm.example.com'],
    ['https://llm.example.com/a/../v1', 'https://llm.example.com/v1'],
    ['http://8.8.8.8:8080/v1', 'http://8.8.8.8:8080/v1'],
    ['https://bücher.example/v1', 'https://xn--bcher-kva.example/v1'],
  ])('%s is kept as %s', (given, kept) => expect(toBaseUrl('openai_compatible', given, strict)).toBe(kept))

  it.each([
    'http://127.0.0.1/v1',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:11434/v1',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://[fd00::1]/',
    'https://user:pass@llm.example.com/v1',
    'https://llm.example.com/v1?key=1',
    'https://llm.example.com/v1#x',
    'file:///etc/passwd',
    'gopher://llm.example.com',
    'llm.example.com',
    '//llm.example.com',
  ])('%s is refused', (given) => {
    expect(() => toBaseUrl('openai_compatible', given, strict)).toThrow(/base_url/)
  })

  it('may be local when the operator allows it, in any spelling, and is kept in the plain one', () => {
    expect(toBaseUrl('openai_compatible', 'http://0x7f.1:8080/v1', local)).toBe('http://127.0.0.1:8080/v1')
    expect(() => toBaseUrl('openai_compatible', 'http://10.0.0.1/v1', local)).toThrow(/WEIR_UPSTREAM_ALLOW/)
  })

  it("is OpenAI's own unless said otherwise, required elsewhere, and none for a sandbox", () => {
    expect(toBaseUrl('openai', null, strict)).toBe('https://api.openai.com/v1')
    expect(toBaseUrl('openai', 'https://eu.api.openai.com/v1', strict)).toBe('https://eu.api.openai.com/v1')
    expect(toBaseUrl('sandbox', null, strict)).toBeNull()
    for (const [type, given] of [
      ['openai_compatible', null],
      ['sandbox', 'https://x.example'],
    ] as const) {
      let refusal: unknown
      try {
        toBaseUrl(type, given, strict)
      } catch (error) {
        refusal = error
      }
      expect((refusal as AppError).options.mistakes).toMatchObject([{ field: 'base_url' }])
    }
  })
})
