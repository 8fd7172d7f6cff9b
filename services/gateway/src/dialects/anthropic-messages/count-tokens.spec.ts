import { describe, expect, it } from 'vitest'
import type { Document } from '../../conversation/dialect.js'
import { estimateInputTokens } from './count-tokens.js'

const count = (content: unknown) =>
  estimateInputTokens({ model: 'm', messages: [{ role: 'user', content }] }).input_tokens

describe('tokens that are counted here', () => {
  it('are rather too many than too few', () => {
    const counted = count('The quick brown fox jumps over the lazy dog. '.repeat(100))
    expect(counted).toBeGreaterThan(1_000)
    expect(counted).toBeLessThan(2_000)
  })

  it('take an image for what it costs at most, and a document by its size', () => {
    const image = {
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(1e6) },
    }
    const source = { type: 'base64', media_type: 'application/pdf', data: 'A'.repeat(400_000) }
    const document: Document = { type: 'document', source }
    expect(count([image])).toBeLessThan(1_700)
    expect(count([document])).toBeGreaterThan(9_000)
  })

  it('contain instructions, tools and numbers', () => {
    const tools = [{ name: 'f', input_schema: { type: 'object', properties: { x: { minimum: 12345 } } } }]
    const { input_tokens: all } = estimateInputTokens({ system: 'Be kind.', tools, messages: [] })
    expect(all).toBeGreaterThan(20)
    expect(all).toBeLessThan(60)
  })
})
