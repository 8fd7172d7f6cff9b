import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { Type as AsType } from 'class-transformer'
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

/** Which part of a list: how many at most, and from where on. */
export class PageQuery {
  @ApiPropertyOptional({ description: 'How many rows at most.', minimum: 1, maximum: 1000, default: 100 })
  @IsOptional()
  @AsType(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number = 100

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
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
    @ApiProperty({ enum: ['list'] })
    object: 'list'

    @ApiProperty({ type: [row] })
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
    if (Array.isArray(values) && values.length === length && values.every((v) => typeof v === 'string')) return values
  } catch {
    // Falls through to the one message for every malformed cursor.
  }
  const reason = 'cursor: is not one that this list has given out; start again without it'
  throw AppError.of('invalid_request', { reason }, { param: 'cursor' })
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
