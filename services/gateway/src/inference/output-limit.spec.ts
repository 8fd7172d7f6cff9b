import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import { chat } from './conversation-endpoints.js'
import { limitOutput } from './output-limit.js'

const limited = (fields: object, limit = 50, type = 'openai') =>
  limitOutput({ model: 'm', ...fields }, limit, chat.output, type)

describe('the output tokens of a workspace', () => {
  it('are what the caller asks for, up to the limit', () => {
    for (const fields of [{ max_tokens: 50 }, { max_completion_tokens: 1 }, { max_tokens: 1, n: 3 }]) {
      expect(limited(fields)).toEqual({ model: 'm', ...fields })
    }
    expect(limited({ max_tokens: 1_000_000 }, 0)).toEqual({ model: 'm', max_tokens: 1_000_000 })
  })

  it('are the limit when the caller says nothing, by the name that the vendor knows', () => {
    expect(limited({})).toEqual({ model: 'm', max_completion_tokens: 50 })
    expect(limited({ max_tokens: null }, 50, 'openai_compatible')).toEqual({ model: 'm', max_tokens: 50 })
  })

  it.each([
    ['max_tokens', 51],
    ['max_tokens', -1],
    ['max_tokens', 0],
    ['max_tokens', '10'],
    ['max_tokens', 1.5],
    ['max_completion_tokens', 1e400],
    ['max_completion_tokens', {}],
  ])('refuse %s %j, and name it', (field, value) => {
    const refuse = () => limited({ max_tokens: 1, [field]: value })
    expect(refuse).toThrow(AppError)
    expect(refuse).toThrow(new RegExp(`${field}: .*from 1 to 50.*max_output_tokens`))
  })
})
