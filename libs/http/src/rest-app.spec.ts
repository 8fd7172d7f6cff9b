import 'reflect-metadata'
import { Body, Controller, Get, Module, Param, Patch, Post, Put, Query } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { AppError } from '@weir/errors'
import { createLogger, registry } from '@weir/observability'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CurrentCaller } from './caller.js'
import type { Caller } from './principal.js'
import { TextField } from './field.js'
import { PermissionGuard } from './permission.guard.js'
import { PageQuery } from './page.js'
import { remoteCredentials } from './remote-credentials.js'
import { configureRest, restAdapter } from './rest-app.js'

const masterKey = 'mk_'.padEnd(40, 'k')

/** An identity that knows nobody. */
const nobody = {
  checkCredential: () =>
    Promise.resolve({ refusal: 'invalid_api_key', refusalParameters: {}, principal: undefined }),
  close: () => undefined,
}

const rights = (_method: string, path: string) =>
  path === '/v1/things/unlisted' ? undefined : 'authenticated'

class ThingDto {
  @TextField({ description: 'Its name.', maxLength: 10 })
  name: string
}

class ThingPatch {
  @TextField({ description: 'Its name.', maxLength: 10, optional: 'not null' })
  name?: string
}

class Unreachable extends Error {}

/** As a database driver's: the message is harmless, the rest is not. */
class DriverError extends Error {
  readonly code = '23514'
  readonly query = 'INSERT INTO secret_table'
  readonly parameters = ['canary-parameter']
  readonly detail = 'Failing row contains (canary-detail)'
}

@Controller('v1/things')
class ThingController {
  @Get()
  list(@CurrentCaller() caller: Caller, @Query() query: PageQuery) {
    return { caller, query }
  }

  @Post()
  create(@Body() dto: ThingDto) {
    return dto
  }

  @Post('done')
  finish() {
    return { is: 'done' }
  }

  @Put('unlisted')
  unlisted() {
    return 'reached'
  }

  @Patch(':id')
  update(@Param('id') id: string, @Body() dto: ThingPatch) {
    return { id, dto, isThing: dto instanceof ThingPatch }
  }

  @Get('fail/:how')
  fail(@Param('how') how: string) {
    if (how === 'known')
      throw AppError.of('in_use', { kind: 'thing', id: '1', users: 'x' }, { internal: 'for operators' })
    if (how === 'limited')
      throw AppError.of('rate_limit_exceeded', { reason: 'Slow down.' }, { retryAfterS: 7 })
    if (how === 'away') throw new Unreachable('connect ECONNREFUSED 10.1.2.3:5432')
    throw new DriverError('new row violates a check')
  }
}

@Module({
  controllers: [ThingController],
  providers: [
    { provide: APP_GUARD, useValue: new PermissionGuard(masterKey, remoteCredentials(nobody), rights) },
  ],
})
class ThingModule {}

describe('a REST service', () => {
  let app: NestFastifyApplication
  let logs: string[] = []

  beforeAll(async () => {
    const logger = createLogger({
      service: 'test',
      level: 'trace',
      destination: { write: (line) => void logs.push(line) },
    })
    app = await NestFactory.create(ThingModule, restAdapter(), { logger: false, bodyParser: false })
    configureRest(app, { logger, isUnavailable: (error) => error instanceof Unreachable })
    await app.init()
    await app.getHttpAdapter().getInstance().ready()
  })
  beforeEach(() => void (logs = []))
  afterAll(() => app.close())

  const send = async (
    method: 'GET' | 'POST' | 'PATCH' | 'PUT',
    url: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await app.inject({
      method,
      url,
      headers: {
        'x-api-key': masterKey,
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload !== undefined && {
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
      }),
    })
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.json<Record<string, never>>(),
      text: response.body,
    }
  }

  it('hands a validated body to the route, and only what the body has', async () => {
    expect((await send('POST', '/v1/things', { name: 'a' })).body).toEqual({ name: 'a' })
    expect((await send('PATCH', '/v1/things/a%2Fb', {})).body).toEqual({ id: 'a/b', dto: {}, isThing: true })
  })

  it('takes an empty body for none, whatever type it is said to have', async () => {
    const json = { 'content-type': 'application/json' }
    expect((await send('POST', '/v1/things/done', undefined, json)).body).toEqual({ is: 'done' })
    expect(await send('POST', '/v1/things', undefined, json)).toMatchObject({
      ...{ status: 400, body: { error: { code: 'invalid_request' } } },
    })
  })

  it('answers a path that cannot be decoded as every other mistake', async () => {
    const { status, headers, body } = await send('GET', '/v1/things/%zz')
    expect({ status, body }).toMatchObject({
      ...{ status: 400, body: { error: { code: 'invalid_request', type: 'invalid_request_error' } } },
    })
    expect(headers['x-request-id']).toMatch(/^req_/)
  })

  it('tells the route on whose behalf it is called', async () => {
    expect((await send('GET', '/v1/things')).body).toMatchObject({
      caller: { organization: 'org_default', principal: { kind: 'master_key', id: 'master_key' } },
      query: { limit: 100 },
    })
  })

  it.each([
    undefined,
    '',
    '[]',
    '"text"',
    '7',
    'null',
    'true',
    '{',
    '{"name":1}',
    '{"name":"a","admin":true}',
    '{"__proto__":{}}',
  ])('refuses the body %j', async (payload) => {
    const { status, body } = await send('POST', '/v1/things', payload)
    expect([status, (body as unknown as { error: { code: string } }).error.code]).toEqual([
      400,
      'invalid_request',
    ])
  })

  it('reads JSON alone', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      'text/html',
    ]) {
      expect((await send('POST', '/v1/things', 'name=a', { 'content-type': type })).status).toBe(400)
    }
  })

  it('lets a caller see why its long body was refused, though it was still sending', async () => {
    await app.listen(0, '127.0.0.1')
    const options = {
      method: 'POST',
      agent: false,
      headers: { 'x-api-key': masterKey, 'content-type': 'application/json' },
    }
    const call = request(`${await app.getUrl()}/v1/things`, options)
    const response = once(call, 'response')
    call.end(Buffer.alloc(40 * 1024 * 1024, 0x20))
    const [reply] = (await response) as [IncomingMessage]
    reply.resume()
    expect(reply.statusCode).toBe(413)
  })

  it('answers from the table of errors', async () => {
    const { status, body } = await send('GET', '/v1/things/fail/known')
    expect([status, body]).toMatchObject([409, { error: { code: 'in_use', param: null } }])
    expect(JSON.stringify(body)).not.toContain('operators')
    const limited = await send('GET', '/v1/things/fail/limited')
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '7'])
    expect((await send('GET', '/v1/nothing?x=1')).body).toMatchObject({ error: { code: 'route_not_found' } })
    expect((await send('POST', '/v1/things', `{"name":"${'x'.repeat(1_100_000)}"}`)).status).toBe(413)
  })

  it('says nothing of a failure that nobody foresaw, and logs what the operator needs but no values', async () => {
    const { status, text } = await send('GET', '/v1/things/fail/driver?filter=canary-filter')
    expect(status).toBe(500)
    expect(text).not.toMatch(/check|secret_table|canary/)
    expect(logs.join()).toContain('new row violates a check')
    expect(logs.join()).toContain('23514')
    expect(logs.join()).not.toMatch(/canary|secret_table/)
  })

  it('answers 503 while the database is away, without saying where it is', async () => {
    const { status, headers, text } = await send('GET', '/v1/things/fail/away')
    expect([status, headers['retry-after']]).toEqual([503, '2'])
    expect(text).not.toContain('10.1.2.3')
    expect(logs.join()).toContain('10.1.2.3')
  })

  it('gives every answer a request id, its own when the one that was sent could do harm', async () => {
    expect(
      (await send('GET', '/v1/things', undefined, { 'x-request-id': 'a.b-C_1' })).headers['x-request-id'],
    ).toBe('a.b-C_1')
    for (const id of ['', 'a b', 'ä', 'x'.repeat(129), '{"a":1}']) {
      expect(
        (await send('GET', '/v1/nothing', undefined, { 'x-request-id': id })).headers['x-request-id'],
      ).toMatch(/^req_[0-9a-f]{32}$/)
    }
  })

  it.each([
    [{}, 401, 'missing_api_key'],
    [{ 'x-api-key': '' }, 401, 'missing_api_key'],
    [{ authorization: 'Basic abc' }, 401, 'missing_api_key'],
    [{ authorization: `Bearer ${masterKey.toUpperCase()}` }, 401, 'invalid_api_key'],
    [{ authorization: `Bearer ${masterKey.slice(0, -1)}` }, 401, 'invalid_api_key'],
    [{ authorization: 'Bearer vk_x', 'x-api-key': masterKey }, 403, 'endpoint_not_allowed'],
  ])('refuses the credential %j', async (headers, status, code) => {
    const response = await app.inject({
      method: 'GET',
      url: '/v1/things',
      headers: headers as Record<string, string>,
    })
    expect([response.statusCode, response.json<{ error: { code: string } }>().error.code]).toEqual([
      status,
      code,
    ])
  })

  it('threat 10: refuses every spelling of a path, and to everybody a route that has no row', async () => {
    for (const url of [
      ...['/v1/things/', '//v1/things', '/v1//things', '/v1/%74hings', '/V1/Things', '/v1/things;x=1'],
      ...['/v1/./things', '/v1/things/%2e%2e/things', '/v1/things%2f', '/v1/things/unlisted'],
    ]) {
      const { statusCode } = await app.inject({ method: 'GET', url })
      expect([401, 404], url).toContain(statusCode)
    }
    const { status, body } = await send('PUT', '/v1/things/unlisted')
    expect([status, body]).toMatchObject([403, { error: { code: 'permission_denied' } }])
  })

  it.each(['/v1/things%00', '/v1/things/%00', '/v1/things?cursor=%00'])(
    'refuses the null character in %s',
    async (url) => {
      expect((await send('GET', url)).status).toBe(400)
    },
  )

  it('counts requests by route and status, never by path', async () => {
    await send('PATCH', '/v1/things/canary-id', {})
    await app.inject({ method: 'GET', url: '/v1/things' })
    const metrics = await registry.metrics()
    expect(metrics).toMatch(
      /weir_http_requests_total\{method="PATCH",route="\/v1\/things\/:id",status="200"\} \d/,
    )
    expect(metrics).toMatch(/weir_http_requests_total\{method="GET",route="\/v1\/things",status="401"\} \d/)
    expect(metrics).not.toContain('canary-id')
  })
})
