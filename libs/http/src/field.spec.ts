import 'reflect-metadata'
import { ValidationPipe } from '@nestjs/common'
import type { AppError } from '@weir/errors'
import { describe, expect, it } from 'vitest'
import {
  DollarsField,
  FromQueryText,
  FutureTimeField,
  IntegerField,
  ModelNamesField,
  ObjectField,
  SwitchField,
  TextField,
  TextSetField,
  UnchangeableField,
  WordField,
} from './field.js'
import { validationPipe } from './validation.js'

const description = 'A field.'

class Part {
  @DollarsField({ description })
  price: string
}

class Dto {
  @TextField({ description, maxLength: 5, optional: 'not null' })
  text?: string

  @TextField({ description, maxLength: 5, optional: true })
  nullable?: string | null

  @WordField({ description, words: ['red', 'green'], optional: 'not null' })
  word?: string

  @IntegerField({ description, min: 1, max: 10, optional: 'not null' })
  integer?: number

  @FromQueryText()
  @IntegerField({ description, min: -5, max: 10, optional: 'not null' })
  query?: number

  @SwitchField({ description, optional: 'not null' })
  toggle?: boolean

  @DollarsField({ description, optional: 'not null' })
  dollars?: string

  @FutureTimeField({ description, optional: 'not null' })
  time?: string

  @ModelNamesField({ description, optional: 'not null' })
  models?: string[]

  @TextSetField({
    description,
    minItems: 1,
    maxItems: 2,
    item: { maxLength: 5, words: ['a', 'b'] },
    optional: 'not null',
  })
  set?: string[]

  @ObjectField({ description, optional: 'not null' }, () => Part)
  part?: Part

  @ObjectField({ description, optional: true }, () => Part)
  nullablePart?: Part | null

  @UnchangeableField('it is fixed')
  fixed?: never
}

class Required {
  @TextField({ description, maxLength: 5 })
  text: string
}

async function mistakes(value: unknown, metatype: new () => object = Dto): Promise<string[]> {
  const pipe: ValidationPipe = validationPipe()
  try {
    await pipe.transform(value, { type: 'body', metatype })
    return []
  } catch (error) {
    const { mistakes = [] } = (error as AppError).options
    return mistakes.length === 0
      ? ['refused without a reason']
      : mistakes.map(({ field, message }) => `${field}: ${message}`)
  }
}

describe('fields', () => {
  it.each([
    {},
    { text: 'abcde', nullable: null, word: 'red', integer: 1, query: '-5', toggle: false },
    {
      dollars: '0',
      time: '2999-12-31T23:59:60Z'.replace(':60', ':59'),
      models: ['*'],
      set: ['a', 'b'],
      part: { price: '1.5' },
    },
    { models: [], dollars: '999999999.999999999', nullablePart: null },
    { time: '2996-02-29T00:00:00.123456789+14:00', text: 'ä😀b' },
  ])('take %j', async (value) => expect(await mistakes(value)).toEqual([]))

  it.each([
    [{ text: '' }, 'text: may not be empty'],
    [{ text: '  ' }, 'text: may not be blank'],
    [{ text: 'abcdef' }, 'text: must have at most 5 characters'],
    [{ text: 'a\nb' }, 'text: may not contain control characters'],
    [{ text: 'a\u2028' }, 'text: may not contain control characters'],
    [{ text: '\ud800' }, 'text: may not contain control characters'],
    [{ text: ['a'] }, 'text: must be a string'],
    [{ text: { length: 3 } }, 'text: must be a string'],
    [{ text: null }, 'text: may not be null'],
    [{ word: 'Red' }, 'word: must be one of red, green'],
    [{ word: ['red'] }, 'word: must be one of red, green'],
    [{ integer: 0 }, 'integer: must be a whole number from 1 to 10'],
    [{ integer: '5' }, 'integer: must be a whole number from 1 to 10'],
    [{ integer: 1.5 }, 'integer: must be a whole number from 1 to 10'],
    [{ query: '1e1' }, 'query: must be a whole number from -5 to 10'],
    [{ query: ' 1' }, 'query: must be a whole number from -5 to 10'],
    [{ query: ['1', '2'] }, 'query: must be a whole number from -5 to 10'],
    [{ toggle: 'true' }, 'toggle: must be true or false'],
    [{ toggle: 0 }, 'toggle: must be true or false'],
    [{ models: ['*', 'a'] }, 'models: "*" means every model and stands alone'],
    [{ models: ['a', 'a'] }, 'models: has an entry twice'],
    [{ set: [] }, 'set: may not be empty: leave it out instead'],
    [{ set: ['a', 'b', 'a'] }, 'set: must have at most 2 entries'],
    [{ set: ['c'] }, 'set: entry 0 must be one of a, b'],
    [{ part: 'x' }, 'part: must be an object'],
    [{ part: null }, 'part: may not be null'],
    [{ nullablePart: 'x' }, 'nullablePart: must be an object'],
    [{ nullablePart: {} }, 'nullablePart.price: is required'],
    [{ part: [] }, 'part: must be an object'],
    [{ part: {} }, 'part.price: is required'],
    [{ part: { price: '1', x: 1 } }, 'part.x: is not a field of this resource'],
    [{ fixed: 'x' }, 'fixed: cannot be changed: it is fixed'],
    [{ fixed: null }, 'fixed: cannot be changed: it is fixed'],
    [{ unknown: 1 }, 'unknown: is not a field of this resource'],
  ])('refuse %j and say why', async (value, message) => expect(await mistakes(value)).toEqual([message]))

  it.each([
    '',
    '-1',
    '+1',
    '.5',
    '1.',
    '1e3',
    '1,000',
    ' 1',
    '1 ',
    '0x1',
    '1.0000000001',
    '1234567890',
    'NaN',
    1,
    null,
  ])('refuse %j as dollars', async (dollars) => expect(await mistakes({ dollars })).toHaveLength(1))

  it.each([
    '2000-01-01T00:00:00Z',
    '2999-01-01',
    '2999-13-01T00:00:00Z',
    '2999-02-29T00:00:00Z',
    '2999-01-01T25:00:00Z',
    '32503680000',
    32503680000000,
  ])('refuse %j as a time in the future', async (time) => expect(await mistakes({ time })).toHaveLength(1))

  it('name each mistake at once, also what is missing', async () => {
    expect(await mistakes({ text: 7, word: 'x', x: 1 })).toHaveLength(3)
    expect(await mistakes({}, Required)).toEqual(['text: is required'])
    expect(await mistakes({ text: null }, Required)).toEqual(['text: may not be null'])
  })
})
