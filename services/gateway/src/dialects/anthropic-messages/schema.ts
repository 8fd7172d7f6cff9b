import type { Document } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'

/** Keywords that Anthropic refuses in the schema of an answer: they are said in words instead. */
const unenforced = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
]

/** A schema of an answer as Anthropic takes it: every object closed, and no keyword that it does not enforce. */
export function toAnthropicSchema(schema: Document): Document {
  const written: Document = {}
  const said: string[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (unenforced.includes(keyword) || (keyword === 'minItems' && Number(value) > 1)) {
      said.push(`${keyword}: ${JSON.stringify(value)}`)
    } else {
      written[keyword] = below(keyword, value)
    }
  }
  if (said.length > 0) {
    const description = typeof schema['description'] === 'string' ? `${schema['description']} ` : ''
    written['description'] = `${description}{${said.join(', ')}}`
  }
  const isObject = schema['type'] === 'object' || asObject(schema['properties']) !== undefined
  if (isObject) written['additionalProperties'] = false
  return written
}

const named = new Set(['properties', '$defs', 'definitions'])
const lists = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems'])

function below(keyword: string, value: unknown): unknown {
  const found = asObject(value)
  if (named.has(keyword) && found)
    return Object.fromEntries(Object.entries(found).map(([name, schema]) => [name, toSchema(schema)]))
  if (lists.has(keyword) && Array.isArray(value)) return value.map(toSchema)
  return keyword === 'items' ? toSchema(value) : value
}

function toSchema(value: unknown): unknown {
  const schema = asObject(value)
  return schema ? toAnthropicSchema(schema) : value
}
