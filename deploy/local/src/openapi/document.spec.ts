import 'reflect-metadata'
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { type DynamicModule, RequestMethod } from '@nestjs/common'
import type { OpenAPIObject } from '@nestjs/swagger'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { inferenceDocument } from '../../../../services/gateway/src/openapi/inference.js'
import { mergeDocuments, operationsOf, type PartialDocument } from './document.js'

type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string]

/** Each service's metrics belong to a process, so each is imported into modules of its own. */
const describeServices: (() => Promise<{ describeService(): Promise<PartialDocument> }>)[] = [
  () => import('../../../../services/identity/src/openapi.js'),
  () => import('../../../../services/catalog/src/openapi.js'),
  () => import('../../../../services/policy/src/openapi.js'),
  () => import('../../../../services/metering/src/openapi.js'),
  () => import('../../../../services/aggregator/src/openapi.js'),
]

const routes: string[] = []
let document: OpenAPIObject

beforeAll(async () => {
  const parts: PartialDocument[] = []
  for (const load of describeServices) {
    vi.resetModules()
    vi.doMock('@weir/http', async (original) => {
      const http = await original<typeof import('@weir/http')>()
      return {
        ...http,
        describeRest: (module: DynamicModule) => {
          // A module that two others import has its controllers once.
          for (const route of routesOf(module)) if (!routes.includes(route)) routes.push(route)
          return http.describeRest(module)
        },
      }
    })
    parts.push(await (await load()).describeService())
  }
  document = mergeDocuments(inferenceDocument, parts, '0.1.0')
}, 60_000)

/** What Nest will serve, read from the controllers and not from their documentation. */
function routesOf(module: DynamicModule): string[] {
  return controllersOf(module).flatMap((controller) => {
    const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string
    const prototype = controller.prototype as Record<string, object>
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const method = Reflect.getMetadata(METHOD_METADATA, prototype[name] ?? {}) as RequestMethod | undefined
      if (method === undefined) return []
      const path = Reflect.getMetadata(PATH_METADATA, prototype[name] ?? {}) as string
      const whole = `/${prefix}/${path}`.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
      return [`${RequestMethod[method].toLowerCase()} ${whole.replace(/:(\w+)/g, '{$1}')}`]
    })
  })
}

type Class = new (...parameters: never[]) => object

function controllersOf(module: DynamicModule | Class): Class[] {
  const of = (key: 'imports' | 'controllers'): unknown =>
    'module' in module ? module[key] : Reflect.getMetadata(key, module)
  const imports = (of('imports') ?? []) as (DynamicModule | Class)[]
  return [...((of('controllers') ?? []) as Class[]), ...imports.flatMap(controllersOf)]
}

function* schemasIn(value: unknown, path = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return
  yield [path, value as Record<string, unknown>]
  for (const [key, part] of Object.entries(value)) yield* schemasIn(part, `${path}/${key}`)
}

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    operationsOf(item).map((operation) => ({ path, operation })),
  )

describe('the OpenAPI document', () => {
  it('has each route of the controllers, and each of its management routes is one of theirs', () => {
    const inference = new Set(Object.keys(inferenceDocument.paths))
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      inference.has(path) ? [] : Object.keys(item).map((method) => `${method} ${path}`),
    )
    expect(routes.length).toBeGreaterThan(30)
    expect(documented.sort()).toEqual([...routes].sort())
  })

  it('is what is committed: run `npm run gen` when it is not', () => {
    const committed = readFileSync(
      new URL('../../../../services/gateway/openapi.json', import.meta.url),
      'utf8',
    )
    const { version } = JSON.parse(
      readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
    ) as {
      version: string
    }
    const { info, ...rest } = JSON.parse(committed) as OpenAPIObject
    expect(info.version).toBe(version)
    expect(rest).toEqual(JSON.parse(JSON.stringify({ ...document, info: undefined })))
  })

  it('describes every field of every schema', () => {
    const undescribed: string[] = []
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
      const isOwn = !(name in (inferenceDocument.components?.schemas ?? {}))
      const properties = 'properties' in schema ? Object.entries(schema.properties ?? {}) : []
      for (const [field, property] of properties) {
        if (isOwn && !('description' in property && property.description))
          undescribed.push(`${name}.${field}`)
      }
    }
    expect(undescribed).toEqual([])
  })

  it('describes every parameter, summary and answer', () => {
    const undescribed = operations().flatMap(({ path, operation }) => [
      ...(operation.summary ? [] : [`${path}: summary`]),
      ...(operation.tags?.length ? [] : [`${path}: tags`]),
      ...(operation.parameters ?? []).flatMap((parameter) =>
        'name' in parameter && !parameter.description ? [`${path}: ${parameter.name}`] : [],
      ),
      ...Object.entries(operation.responses).flatMap(([status, response]) =>
        response && 'description' in response && response.description ? [] : [`${path}: ${status}`],
      ),
    ])
    expect(undescribed).toEqual([])
  })

  it('says on each management route how it refuses', () => {
    for (const { path, operation } of operations().filter(({ path }) => !(path in inferenceDocument.paths))) {
      const statuses = Object.keys(operation.responses)
      expect(statuses, path).toEqual(expect.arrayContaining(['401', '403', '500', '503']))
      if (operation.requestBody) expect(statuses, path).toEqual(expect.arrayContaining(['400', '413']))
      if (path.includes('{')) expect(statuses, path).toContain('404')
      if (operation.security?.length !== 0) expect(operation.security, path).toContainEqual({ masterKey: [] })
    }
  })

  it('refuses fields that it does not list', () => {
    const requests = Object.entries(document.components?.schemas ?? {}).filter(([name]) =>
      name.endsWith('Dto'),
    )
    expect(requests.length).toBeGreaterThan(10)
    for (const [name, schema] of requests) expect(schema, name).toMatchObject({ additionalProperties: false })
  })

  it('shows on the shared model routes what either key gets', () => {
    const response = document.paths['/v1/models']?.get?.responses['200']
    expect(response).toMatchObject({
      content: {
        'application/json': {
          schema: {
            oneOf: [
              { $ref: '#/components/schemas/ModelObjectList' },
              { $ref: '#/components/schemas/ModelResponsePage' },
            ],
          },
        },
      },
    })
  })

  it('has nothing in it that OpenAPI 3.0 does not know', () => {
    expect(Object.keys(document).sort()).toEqual([
      'components',
      'info',
      'openapi',
      'paths',
      'servers',
      'tags',
    ])
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = (operation.parameters ?? []).flatMap((parameter) =>
        'in' in parameter && parameter.in === 'path' ? [parameter.name] : [],
      )
      expect(declared, path).toEqual(inPath)
      for (const parameter of operation.parameters ?? []) {
        if ('in' in parameter && parameter.in === 'path') expect(parameter.required, path).toBe(true)
        expect(parameter).toHaveProperty('schema')
      }
      for (const status of Object.keys(operation.responses)) expect(status).toMatch(/^([1-5]\d\d|default)$/)
    }
  })

  it('has only schemas that can be read: known types, known references, known required fields', () => {
    const types = ['string', 'number', 'integer', 'boolean', 'array', 'object']
    const known = document.components?.schemas ?? {}
    for (const [path, part] of schemasIn({ paths: document.paths, components: document.components })) {
      if (typeof part['$ref'] === 'string') {
        const name = /^#\/components\/schemas\/(\w+)$/.exec(part['$ref'])?.[1]
        expect(known, path).toHaveProperty(String(name))
      }
      const isSchema = /\/(schema|items|schemas\/\w+|properties\/\w+)$/.test(path)
      if (!isSchema) continue
      const schema = part as Exclude<Schema, { $ref: string }>
      if (schema.type !== undefined) expect(types, path).toContain(schema.type)
      if (schema.type === 'array') expect(schema.items, path).toBeDefined()
      for (const field of schema.required ?? []) expect(schema.properties, path).toHaveProperty(field)
      if (typeof schema.pattern === 'string')
        expect(() => new RegExp(schema.pattern ?? ''), path).not.toThrow()
    }
  })
})
