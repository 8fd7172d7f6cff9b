import { asList, asObject } from '../../conversation/json.js'

/**
 * Whether OpenAI takes a schema as strict: every object closed, every property required. One that is
 * not is refused as such, so that it is asked for without.
 */
export function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema)
  const found = asObject(schema)
  if (!found) return true
  const properties = asObject(found['properties'])
  const isObject = properties !== undefined || found['type'] === 'object'
  if (isObject) {
    const required = new Set(asList(found['required']))
    if (found['additionalProperties'] !== false) return false
    if (!Object.keys(properties ?? {}).every((name) => required.has(name))) return false
  }
  const below = ['items', 'anyOf', 'allOf', 'oneOf'].map((name) => found[name])
  const named = ['properties', '$defs', 'definitions'].map((name) =>
    Object.values(asObject(found[name]) ?? {}),
  )
  return [...below, ...named].every(isStrictSchema)
}
