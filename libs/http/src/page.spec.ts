import { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import { afterCursor, decodeCursor, encodeCursor, toPage } from './page.js'

const page = (rows: string[], limit: number) =>
  toPage(rows, { limit, cursor: (row) => [row], toResponse: (row) => row.toUpperCase() })

describe('a page', () => {
  it('has as many rows as were asked for, and says whether there are more', () => {
    expect(page(['a', 'b', 'c'], 2)).toEqual({
      ...{ object: 'list', data: ['A', 'B'], has_more: true, next_cursor: encodeCursor(['b']) },
    })
    expect(page(['a', 'b'], 2)).toMatchObject({ data: ['A', 'B'], has_more: false, next_cursor: null })
    expect(page([], 2)).toMatchObject({ data: [], has_more: false, next_cursor: null })
  })

  it('goes on after any value that a row can have', () => {
    for (const value of ['a', "'; DROP", 'ä😀', '"', '\\', 'x'.repeat(500)])
      expect(afterCursor(encodeCursor([value]))).toBe(value)
    expect(afterCursor(undefined)).toBeUndefined()
  })

  it.each([
    'x',
    '',
    '%%%',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('["a","b"]').toString('base64url'),
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[["a"]]').toString('base64url'),
    Buffer.from('["\\u0000"]').toString('base64url'),
  ])('refuses the cursor %j', (cursor) => expect(() => decodeCursor(cursor, 1)).toThrow(AppError))
})
