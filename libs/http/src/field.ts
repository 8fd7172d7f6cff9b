import { applyDecorators } from '@nestjs/common'
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger'
import { Transform, type TransformFnParams, Type } from 'class-transformer'
import { registerDecorator, ValidateIf, ValidateNested, type ValidationArguments } from 'class-validator'
import { dollarsPattern } from './dollars.js'

/** What every field of a request says of itself. */
interface FieldOptions {
  description: string
  /**
   * May be left out, and sent as null, which means the same at creation and removes it in a change;
   * `not null`: may only be left out.
   */
  optional?: true | 'not null'
  example?: unknown
}

/** Says what is wrong with a value; undefined: nothing. */
type Check = (value: unknown) => string | undefined

// Control characters end up in logs, headers and terminals; unpaired surrogates are no text at all.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u

/**
 * One field of a request, declared once: its validation and its documentation. `check` sees only
 * values that are there.
 */
export function Field(options: FieldOptions, schema: ApiPropertyOptions, check: Check): PropertyDecorator {
  const { optional, description, example } = options
  const mistake: Check = (value) => {
    if (value === undefined) return optional ? undefined : 'is required'
    if (value === null) return optional === true ? undefined : 'may not be null'
    return check(value)
  }
  const documented = {
    description,
    required: !optional,
    ...(optional === true && { nullable: true }),
    ...schema,
  }
  return applyDecorators(
    ApiProperty((example === undefined ? documented : { ...documented, example }) as ApiPropertyOptions),
    (target: object, property: string | symbol) => {
      registerDecorator({
        name: 'field',
        target: target.constructor,
        propertyName: String(property),
        validator: {
          validate: (value: unknown) => mistake(value) === undefined,
          defaultMessage: (validation?: ValidationArguments) => mistake(validation?.value) ?? 'is not valid',
        },
      })
    },
  )
}

interface TextOptions extends FieldOptions {
  minLength?: number
  maxLength: number
  /** What the text must look like, and how that is said: "must be …". */
  pattern?: { regex: RegExp; message: string }
}

function checkText(value: unknown, { minLength = 1, maxLength, pattern }: Omit<TextOptions, 'description'>) {
  if (typeof value !== 'string') return 'must be a string'
  if (value.length < minLength)
    return minLength === 1 ? 'may not be empty' : `must have at least ${minLength} characters`
  if (value.length > maxLength) return `must have at most ${maxLength} characters`
  if (unprintable.test(value)) return 'may not contain control characters'
  if (pattern && !pattern.regex.test(value)) return pattern.message
  return value.trim() === '' && minLength > 0 ? 'may not be blank' : undefined
}

/** A line of text. */
export function TextField(options: TextOptions): PropertyDecorator {
  const { minLength = 1, maxLength, pattern } = options
  const schema = { type: String, minLength, maxLength, ...(pattern && { pattern: pattern.regex.source }) }
  return Field(options, schema, (value) => checkText(value, options))
}

/** One of a few words. */
export function WordField(options: FieldOptions & { words: readonly string[] }): PropertyDecorator {
  const { words } = options
  // OpenAPI wants null among the words where it is one of the values.
  const values = options.optional === true ? [...words, null] : [...words]
  return Field(options, { type: String, enum: values }, (value) =>
    words.includes(value as string) ? undefined : `must be one of ${words.join(', ')}`,
  )
}

/** A set of texts, each as in TextField. */
export function TextSetField(
  options: FieldOptions & {
    minItems?: number
    maxItems: number
    item: Omit<TextOptions, 'description'> & { words?: readonly string[] }
  },
): PropertyDecorator {
  const { minItems = 0, maxItems, item } = options
  const schema = {
    type: 'array',
    items: { type: 'string', maxLength: item.maxLength, ...(item.words && { enum: [...item.words] }) },
    minItems,
    maxItems,
    uniqueItems: true,
  } as ApiPropertyOptions
  return Field(options, schema, (value) => {
    if (!Array.isArray(value)) return 'must be a list of strings'
    if (value.length < minItems) return 'may not be empty: leave it out instead'
    if (value.length > maxItems) return `must have at most ${maxItems} entries`
    for (const [index, entry] of value.entries()) {
      const mistake = checkText(entry, item)
      if (mistake) return `entry ${index} ${mistake}`
      if (item.words && !item.words.includes(entry as string))
        return `entry ${index} must be one of ${item.words.join(', ')}`
    }
    return new Set(value).size < value.length ? 'has an entry twice' : undefined
  })
}

/** Public names of models, or `["*"]` for every model there is and will be. */
export function ModelNamesField(options: FieldOptions): PropertyDecorator {
  const item = { maxLength: 200 }
  const schema = {
    type: 'array',
    items: { type: 'string', maxLength: item.maxLength },
    maxItems: 1000,
    uniqueItems: true,
    example: ['gpt-4o-mini'],
  } as ApiPropertyOptions
  return Field(options, schema, (value) => {
    if (!Array.isArray(value)) return 'must be a list of names of models, or ["*"] for all'
    if (value.length > 1000) return 'must have at most 1000 entries'
    for (const [index, entry] of value.entries()) {
      const mistake = checkText(entry, item)
      if (mistake) return `entry ${index} ${mistake}`
    }
    if (value.length > 1 && value.includes('*')) return '"*" means every model and stands alone'
    return new Set(value).size < value.length ? 'has an entry twice' : undefined
  })
}

/** A whole number; in a query it comes as text. */
export function IntegerField(
  options: FieldOptions & { min: number; max: number; default?: number },
): PropertyDecorator {
  const { min, max } = options
  const schema = {
    type: 'integer',
    minimum: min,
    maximum: max,
    ...(options.default !== undefined && { default: options.default }),
  } as ApiPropertyOptions
  return Field(options, schema, (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`,
  )
}

/** Reads a number that stands in a query string; anything else is left for the validation to refuse. */
export function FromQueryText(): PropertyDecorator {
  return Transform(({ value }: TransformFnParams) =>
    typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : (value as unknown),
  )
}

/** true or false. */
export function SwitchField(options: FieldOptions): PropertyDecorator {
  return Field(options, { type: Boolean }, (value) =>
    typeof value === 'boolean' ? undefined : 'must be true or false',
  )
}

/** An amount of dollars as a decimal string. */
export function DollarsField(options: FieldOptions): PropertyDecorator {
  return Field({ example: '2.50', ...options }, { type: String, pattern: dollarsPattern.source }, (value) =>
    typeof value === 'string' && dollarsPattern.test(value)
      ? undefined
      : 'must be an amount of dollars in a string, such as "2.50": up to 9 digits, up to 9 decimals, not negative',
  )
}

const rfc3339 = /^(\d{4})-\d\d-(\d\d)[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

const timeSchema: ApiPropertyOptions = { type: String, format: 'date-time' }
const exampleTime = { example: '2030-01-01T00:00:00Z' }

/** A moment, RFC 3339. */
export function TimeField(options: FieldOptions): PropertyDecorator {
  return Field({ ...exampleTime, ...options }, timeSchema, checkTime)
}

/** A moment in the future, RFC 3339. */
export function FutureTimeField(options: FieldOptions): PropertyDecorator {
  return Field({ ...exampleTime, ...options }, timeSchema, (value) => {
    const isPast = Date.parse(value as string) <= Date.now()
    return checkTime(value) ?? (isPast ? 'must be in the future' : undefined)
  })
}

function checkTime(value: unknown): string | undefined {
  const time = typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) || isRolledOver(value as string)
    ? 'must be a time as in RFC 3339, such as "2030-01-01T00:00:00Z"'
    : undefined
}

/** `2030-02-31` is read as the third of March by Date. */
function isRolledOver(text: string): boolean {
  const local = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  return Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(text.slice(8, 10))
}

/** Fields inside a field. */
export function ObjectField<Part extends object>(
  options: FieldOptions,
  part: () => new () => Part,
): PropertyDecorator {
  return applyDecorators(
    Type(part),
    ValidateNested(),
    // ValidateNested takes null for a part that is no object.
    ...(options.optional === true ? [ValidateIf((_, value) => value !== null)] : []),
    Field(options, { type: () => part() }, (value) =>
      typeof value === 'object' && !Array.isArray(value) ? undefined : 'must be an object',
    ),
  )
}

/** A list of objects, each with fields of its own. */
export function ObjectListField<Part extends object>(
  options: FieldOptions & { minItems?: number; maxItems: number },
  part: () => new () => Part,
): PropertyDecorator {
  const { minItems = 0, maxItems } = options
  const isObject = (entry: unknown) => typeof entry === 'object' && entry !== null && !Array.isArray(entry)
  return applyDecorators(
    Type(part),
    ValidateNested({ each: true }),
    ...(options.optional === true ? [ValidateIf((_, value) => value !== null)] : []),
    Field(options, { type: () => [part()], minItems, maxItems }, (value) => {
      if (!Array.isArray(value) || !value.every(isObject)) return 'must be a list of objects'
      if (value.length < minItems) return 'may not be empty'
      return value.length > maxItems ? `must have at most ${maxItems} entries` : undefined
    }),
  )
}

/** A number, which may have decimals. */
export function NumberField(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options
  return Field(options, { type: Number, minimum: min, maximum: max }, (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : `must be a number from ${min} to ${max}`,
  )
}

/** An object whose fields somebody else checks. */
export function OpenObjectField(options: FieldOptions): PropertyDecorator {
  return Field(options, { type: Object, additionalProperties: true }, (value) =>
    typeof value === 'object' && !Array.isArray(value) ? undefined : 'must be an object',
  )
}

/** A field that is known but cannot be changed; sending it says why. */
export function UnchangeableField(reason: string): PropertyDecorator {
  return (target: object, property: string | symbol) => {
    registerDecorator({
      name: 'unchangeable',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => value === undefined,
        defaultMessage: () => `cannot be changed: ${reason}`,
      },
    })
  }
}
