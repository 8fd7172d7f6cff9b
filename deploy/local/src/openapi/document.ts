import type { OpenAPIObject } from '@nestjs/swagger'
import { findRight } from '@weir/http'

/** Part of an OpenAPI document. */
export type PartialDocument = Pick<OpenAPIObject, 'paths' | 'components'>

type PathItem = OpenAPIObject['paths'][string]
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>

const methods = ['get', 'post', 'patch', 'put', 'delete'] as const

const description = `Weir stands between applications and the providers of language models: it decides who may call which model, carries the call, and accounts for it to the cent.

Inference takes a virtual key. Management takes the master key, a session, an access token of a service account, or a virtual key of type management or default. All of them as \`Authorization: Bearer …\` or in the header \`x-api-key\`; a role decides what management may do. Errors have OpenAI's envelope; \`code\` tells them apart. Every reply has \`x-request-id\`. Money is a decimal string of dollars.`

/** One document of the gateway's own routes and of the resources of the services behind it. */
export function mergeDocuments(
  inference: PartialDocument,
  services: PartialDocument[],
  version: string,
): OpenAPIObject {
  const management = services.map(asManagement)
  const parts = [inference, ...management]
  const paths: OpenAPIObject['paths'] = {}
  for (const part of parts) {
    for (const [path, item] of Object.entries(part.paths)) {
      if (paths[path]) throw new Error(`${path} is described twice.`)
      paths[path] = item
    }
  }
  shareModelRoutes(paths)
  return {
    openapi: '3.0.3',
    info: { title: 'Weir', version, description },
    servers: [{ url: '/' }],
    tags: tagsOf(paths),
    paths: sorted(paths),
    components: { ...inference.components, schemas: mergeSchemas(parts) },
  }
}

/** What holds for every management route, whoever serves it: the guard is global, unknown fields are refused. */
function asManagement({ paths, components }: PartialDocument): PartialDocument {
  const schemas: Schemas = structuredClone(components?.schemas ?? {})
  const secured: OpenAPIObject['paths'] = structuredClone(paths)
  for (const { method, path, operation } of routesOf(secured)) {
    const right = findRight(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'))
    operation.security = right === 'public' ? [] : [{ masterKey: [] }, { session: [] }]
    const body =
      operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : {}
    for (const { schema } of Object.values(body)) if (schema) close(schema, schemas)
  }
  return { paths: secured, components: { schemas } }
}

/** A request with a field that is not listed is refused, also inside of it. */
function close(schema: Schemas[string], schemas: Schemas): void {
  if ('$ref' in schema) {
    const found = schemas[schema.$ref.split('/').at(-1) ?? '']
    if (found) close(found, schemas)
    return
  }
  for (const part of schema.allOf ?? []) close(part, schemas)
  if (schema.items) close(schema.items, schemas)
  if (!schema.properties) return
  schema.additionalProperties = false
  for (const property of Object.values(schema.properties)) close(property, schemas)
}

/** With a virtual key the gateway answers these itself, as OpenAI does. */
function shareModelRoutes(paths: OpenAPIObject['paths']): void {
  const shared = {
    '/v1/models': ['ModelObjectList', 'With a virtual key: the models that it may use.'],
    '/v1/models/{id}': [
      'ModelObject',
      'With a virtual key: the model, by its name, when the key may use it.',
    ],
  } as const
  for (const [path, [schemaName, text]] of Object.entries(shared)) {
    const operation = paths[path]?.get
    const ok = operation?.responses['200']
    const content = ok && 'content' in ok ? ok.content?.['application/json'] : undefined
    if (!operation || !ok || !content?.schema) throw new Error(`The catalog does not describe GET ${path}.`)
    operation.security = [{ virtualKey: [] }, { masterKey: [] }, { session: [] }]
    operation.description = `${text} With any other credential: as it is managed.`
    content.schema = { oneOf: [{ $ref: `#/components/schemas/${schemaName}` }, content.schema] }
  }
}

function mergeSchemas(parts: PartialDocument[]): Schemas {
  const schemas: Schemas = {}
  for (const [name, schema] of parts.flatMap(({ components }) => Object.entries(components?.schemas ?? {}))) {
    if (schemas[name] && JSON.stringify(schemas[name]) !== JSON.stringify(schema)) {
      throw new Error(`Two different schemas are called ${name}: rename the class of one.`)
    }
    schemas[name] = schema
  }
  return sorted(schemas)
}

function routesOf(paths: OpenAPIObject['paths']) {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation ? [{ method, path, operation }] : []
    }),
  )
}

/** The operations of a path, without its other properties. */
export function operationsOf(item: PathItem) {
  return methods.flatMap((method) => item[method] ?? [])
}

function tagsOf(paths: OpenAPIObject['paths']): { name: string }[] {
  const names = Object.values(paths).flatMap((item) => operationsOf(item).flatMap(({ tags }) => tags ?? []))
  return [...new Set(names)].map((name) => ({ name }))
}

function sorted<Value>(values: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1)))
}
