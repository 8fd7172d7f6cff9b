import { ApiProperty } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { FromQueryText, IntegerField, TextField } from './field.js'

/** Which part of a list: how many at most, and from where on. */
export class PageQuery {
  @FromQueryText()
  @IntegerField({
    description: 'How many rows at most.',
    optional: 'not null',
    min: 1,
    max: 1000,
    default: 100,
  })
  limit = 100

  @TextField({ description: '`next_cursor` of the page before.', optional: 'not null', maxLength: 2000 })
  cursor?: string
}

/** A page of a list, as every list of Weir is answered. */
export interface Page<Row> {
  object: 'list'
  data: Row[]
  has_more: boolean
  next_cursor: string | null
}

/** Makes the documented class of a page of `Row`. */
export function PageOf<Row>(row: new () => Row): new () => Page<Row> {
  class RowPage implements Page<Row> {
    @ApiProperty({ enum: ['list'], description: 'Always `list`.' })
    object: 'list'

    @ApiProperty({ type: [row], description: 'The rows of this page.' })
    data: Row[]

    @ApiProperty({ description: 'There is a next page.' })
    has_more: boolean

    @ApiProperty({ type: String, nullable: true, description: '`cursor` of the next page.' })
    next_cursor: string | null
  }
  Object.defineProperty(RowPage, 'name', { value: `${row.name}Page` })
  return RowPage
}

/** A cursor is opaque to callers: the sort values of the last row. */
export function encodeCursor(values: string[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/** Throws invalid_request for a cursor that was not made here. */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(values) && values.length === length && values.every(isPlainText)) return values
  } catch {
    // Falls through to the one message for every malformed cursor.
  }
  throw invalidCursor()
}

/** The error for a cursor that was not made here. */
export function invalidCursor(): AppError {
  const reason = 'cursor: is not one that this list has given out; start again without it'
  return AppError.of('invalid_request', { reason }, { param: 'cursor' })
}

/** Where a list that is sorted by one column goes on; undefined: at its start. */
export function afterCursor(cursor: string | undefined): string | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor, 1)[0]
}

/** PostgreSQL has no text with a null character. */
function isPlainText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0')
}

/** Makes a page of rows that were read with `limit + 1`. */
export function toPage<Row, Out>(
  rows: Row[],
  options: { limit: number; cursor: (row: Row) => string[]; toResponse: (row: Row) => Out },
): Page<Out> {
  const shown = rows.slice(0, options.limit)
  const last = shown.at(-1)
  const hasMore = rows.length > options.limit && last !== undefined
  return {
    object: 'list',
    data: shown.map(options.toResponse),
    has_more: hasMore,
    next_cursor: hasMore ? encodeCursor(options.cursor(last)) : null,
  }
}
