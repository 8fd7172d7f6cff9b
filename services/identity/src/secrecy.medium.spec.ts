import { createBus } from '@weir/bus'
import { identityChanged } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { masterKey, RunningIdentity } from './testing/running-identity.js'

const routes = [
  ['GET', '/v1/organizations'],
  ['GET', '/v1/organizations/org_default'],
  ['PATCH', '/v1/organizations/org_default'],
  ...['teams', 'workspaces', 'workloads', 'keys'].flatMap((resource) => [
    ['GET', `/v1/${resource}`],
    ['POST', `/v1/${resource}`],
    ['GET', `/v1/${resource}/x`],
    ['PATCH', `/v1/${resource}/x`],
    ['DELETE', `/v1/${resource}/x`],
  ]),
  ['POST', '/v1/keys/x/rotate'],
].map(([method = '', path = '']) => [method, path] as const)

describe('identity keeps its secrets', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'prod' })
  })
  afterAll(() => identity.stop())

  it.each(routes)('%s %s is refused without the master key', async (method, path) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : {}
    const refused = async (headers: Record<string, string>) => {
      const answer = await identity.call(method, path, body, headers)
      return [answer.status, answer.body.error.code]
    }
    expect(await refused({})).toEqual([401, 'missing_api_key'])
    expect(await refused({ authorization: 'Bearer wrong' })).toEqual([401, 'invalid_api_key'])
    expect(await refused({ authorization: masterKey })).toEqual([401, 'missing_api_key'])
    expect(await refused({ authorization: `Bearer ${masterKey}x` })).toEqual([401, 'invalid_api_key'])
    expect(await refused({ 'x-api-key': `vk_${'a'.repeat(46)}` })).toEqual([403, 'endpoint_not_allowed'])
    expect(await refused({ authorization: "Bearer ' OR 1=1 --" })).toEqual([401, 'missing_api_key'])
  })

  it.each([
    '/V1/TEAMS',
    '//v1/teams',
    '/v1/teams;x',
    '/v1/./teams',
    '/v1/%74eams',
    '/v1/teams/',
    '/v1/teams/..%2fkeys',
    '/v1/teams%2f',
  ])('%s lets nobody in either', async (path) => {
    const { status, body } = await identity.call('GET', path, undefined, {})
    expect([401, 404]).toContain(status)
    expect(['missing_api_key', 'route_not_found']).toContain(body.error.code)
  })

  it('takes the master key in either header', async () => {
    for (const headers of [{ 'x-api-key': masterKey }, { authorization: `bearer ${masterKey}` }] as Record<
      string,
      string
    >[]) {
      expect((await identity.call('GET', '/v1/teams', undefined, headers)).status).toBe(200)
    }
  })

  it('writes no value of a key, and no secret of its own, to the database, the bus or the log', async () => {
    const { id, key } = await identity.create<{ id: string; key: string }>('/v1/keys', {
      name: 'k',
      workspace: 'prod',
    })
    const rotated = await identity.call<{ key: string }>('POST', `/v1/keys/${id}/rotate`)
    await identity.call('POST', '/v1/keys', {
      name: 'k',
      workspace: 'prod',
      key: 'vk_canary_sent_by_mistake',
    })
    await identity.call('POST', '/v1/keys', '{"name": "vk_canary_cut_off')
    await identity.call('GET', `/v1/keys/${key}`)
    // A failure that nobody foresaw.
    await identity.sql.query('ALTER TABLE virtual_key RENAME COLUMN hint TO hint_gone')
    const failed = await identity.call('POST', '/v1/keys', { name: 'vk_canary_name', workspace: 'prod' })
    await identity.sql.query('ALTER TABLE virtual_key RENAME COLUMN hint_gone TO hint')
    expect([failed.status, failed.body.error.code]).toEqual([500, 'internal_error'])
    expect(JSON.stringify(failed.body)).not.toMatch(/hint|virtual_key|column|select/i)
    expect(identity.logs.join()).toContain('hint')

    const messages = await everyMessage(identity.url, identityChanged.topic)
    const tables = await everyRow(identity)
    const secrets = [
      key,
      rotated.body.key,
      key.slice(3),
      masterKey,
      'internal_canary',
      'vk_canary',
      Buffer.alloc(32, 7).toString('base64'),
    ]
    for (const secret of secrets) {
      expect(messages, 'bus').not.toContain(secret)
      expect(tables, 'database').not.toContain(secret)
    }
    for (const secret of secrets.filter((text) => !key.includes(text)))
      expect(identity.logs.join(), 'log').not.toContain(secret)
  })

  it('answers with the request id that it was given when that is harmless, else with its own', async () => {
    const ask = async (id: string) =>
      (
        await identity.call('GET', '/v1/teams', undefined, { 'x-api-key': masterKey, 'x-request-id': id })
      ).headers.get('x-request-id')
    expect(await ask('abc-123')).toBe('abc-123')
    expect(await ask('<script>')).toMatch(/^req_[0-9a-f]{32}$/)
    expect(await ask('x'.repeat(200))).toMatch(/^req_/)
  })

  it('says what is wrong with a body that is none', async () => {
    const send = async (body: string, type: string) => {
      const response = await fetch(`${identity.origin}/v1/teams`, {
        ...{ method: 'POST', body, headers: { 'x-api-key': masterKey, 'content-type': type } },
      })
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      return [response.status, error.code]
    }
    expect(await send('{"name":', 'application/json')).toEqual([400, 'invalid_request'])
    expect(await send('', 'application/json')).toEqual([400, 'invalid_request'])
    expect(await send('[]', 'application/json')).toEqual([400, 'invalid_request'])
    expect(await send('name=x', 'application/x-www-form-urlencoded')).toEqual([400, 'invalid_request'])
    expect(await send('name=x', 'text/plain')).toEqual([400, 'invalid_request'])
    expect(await send('<x/>', 'application/xml')).toEqual([400, 'invalid_request'])
    expect(await send('{"__proto__":{"name":"x"}}', 'application/json')).toEqual([400, 'invalid_request'])
    expect(await send('['.repeat(100_000), 'application/json')).toEqual([400, 'invalid_request'])
    expect(await send(`{"name":"${'x'.repeat(1024 * 1024)}"}`, 'application/json')).toEqual([
      413,
      'request_too_large',
    ])
  })
})

/** Everything in the service's schema, as text. */
async function everyRow(identity: RunningIdentity): Promise<string> {
  const { rows } = await identity.sql.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'identity'`,
  )
  expect(rows.length).toBeGreaterThan(7)
  const dumps = await Promise.all(
    rows.map(({ table_name: table }) =>
      identity.sql.query(`SELECT row_to_json(t)::text AS row FROM "${table}" t`),
    ),
  )
  return JSON.stringify(dumps.map((dump) => dump.rows as unknown[]))
}

async function everyMessage(url: string, topic: string): Promise<string> {
  const bus = createBus({ databaseUrl: url, clientId: 'reader' })
  const seen: string[] = []
  await bus.subscribe({
    group: 'reader',
    topics: [topic],
    handle: (batch) =>
      Promise.resolve(
        void seen.push(...batch.messages.map((m) => JSON.stringify([m.key, m.value, m.headers]))),
      ),
  })
  await waitFor(() => seen.some((text) => text.includes('virtual_key')), { what: 'messages' })
  await bus.close()
  return seen.join()
}
