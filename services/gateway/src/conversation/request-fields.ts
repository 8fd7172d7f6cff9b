import { AppError } from '@weir/errors'
import type { Document } from './dialect.js'
import { asBoolean, asNumber, asObject, asText } from './json.js'

/** The refusal of a field of a request, by its path in the caller's document. */
export function invalidField(field: string, mustBe: string): AppError {
  return AppError.of('invalid_request', { reason: `${field}: must be ${mustBe}` }, { param: field })
}

/** Reads the fields of an object of a request: each may be missing or null, and is refused where it is of another kind. */
export class RequestFields {
  private readonly seen = new Set<string>()

  /** @param path where the object stands, with the dot behind it; empty: it is the document itself */
  constructor(
    readonly document: Document,
    private readonly path = '',
  ) {}

  text(name: string): string | undefined {
    return this.read(name, asText, 'a text')
  }

  number(name: string): number | undefined {
    return this.read(name, asNumber, 'a number')
  }

  /** A whole number of `least` or more. */
  whole(name: string, least = 0): number | undefined {
    const toWhole = (value: unknown) => {
      const number = asNumber(value)
      return Number.isInteger(number) && (number as number) >= least ? number : undefined
    }
    return this.read(name, toWhole, `a whole number of ${least} or more`)
  }

  boolean(name: string): boolean | undefined {
    return this.read(name, asBoolean, 'true or false')
  }

  object(name: string): Document | undefined {
    return this.read(name, asObject, 'an object')
  }

  list(name: string): unknown[] | undefined {
    return this.read(name, (value) => (Array.isArray(value) ? (value as unknown[]) : undefined), 'a list')
  }

  /** Objects of a list, each with the path of it. */
  objects(name: string): { value: Document; path: string }[] | undefined {
    return this.list(name)?.map((item, at) => {
      const path = `${this.path}${name}[${at}]`
      const value = asObject(item)
      if (!value) throw invalidField(path, 'an object')
      return { value, path }
    })
  }

  /** Fields that are read elsewhere, or mean nothing. */
  skip(...names: string[]): void {
    for (const name of names) this.seen.add(name)
  }

  /** Names of the fields that have a value and that nobody has read. */
  get unread(): string[] {
    return Object.entries(this.document).flatMap(([name, value]) =>
      this.seen.has(name) || value === null || value === undefined ? [] : [`${this.path}${name}`],
    )
  }

  private read<Value>(
    name: string,
    to: (value: unknown) => Value | undefined,
    kind: string,
  ): Value | undefined {
    this.seen.add(name)
    const value = this.document[name]
    if (value === undefined || value === null) return undefined
    const found = to(value)
    if (found === undefined) throw invalidField(`${this.path}${name}`, kind)
    return found
  }
}
