import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Keyring } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encryptionKeys, RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Validation {
  valid: boolean
  latency_ms: number | null
  checks: { check: string; status: string; message: string }[]
}

/** What an address answers when it is asked for its models. */
type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

const list = (...ids: string[]): Behaviour => answer(200, { data: ids.map((id) => ({ id })) })

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

describe('validating a provider', () => {
  let catalog: RunningCatalog
  let server: Server
  let behave: Behaviour
  let origin: string
  const seen: IncomingMessage[] = []
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    server = createServer((request, response) => {
      seen.push(request)
      behave(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await catalog.stop()
  })
  afterEach(() => void seen.splice(0))

  let count = 0
  const make = (more: object = {}) =>
    catalog.create('/v1/providers', {
      ...{ name: `p-${++count}`, type: 'openai', base_url: `${origin}/v1`, api_key: 'sk-canary' },
      ...more,
    })
  const validate = async (id: string, body?: object) =>
    (await catalog.call<Validation>('POST', `/v1/providers/${id}/validate`, body)).body
  const told = ({ checks }: Validation) =>
    Object.fromEntries(checks.map(({ check, status }) => [check, status]))

  it('says of each check how it stands', async () => {
    behave = list('gpt-a', 'gpt-b')
    const { id } = await make()
    const found = await validate(id)
    expect(found).toMatchObject({ object: 'provider_validation', provider: id, valid: true })
    expect(told(found)).toEqual({
      ...{ endpoint: 'passed', credentials: 'passed', model: 'passed', latency: 'passed' },
    })
    expect(found.latency_ms).toBeLessThan(3_000)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.url).toBe('/v1/models')
    expect(seen[0]?.headers.authorization).toBe('Bearer sk-canary')
  })

  it('looks for the models that are made of it, or for one that is asked for', async () => {
    behave = list('gpt-a')
    const { id } = await make()
    const prices = { input_per_million: '1', output_per_million: '1' }
    await catalog.create('/v1/models', { name: `m-${id}`, provider: id, provider_model: 'gpt-z', prices })
    const missing = await validate(id)
    expect([missing.valid, told(missing)['model']]).toEqual([false, 'failed'])
    expect(missing.checks[2]?.message).toContain('gpt-z')
    expect((await validate(id, { model: 'gpt-a' })).valid).toBe(true)
    expect((await validate(id, { model: null })).valid).toBe(false)
  })

  it('tries another credential without keeping it', async () => {
    behave = (request, response) => {
      const isRight = request.headers.authorization === 'Bearer sk-right'
      answer(isRight ? 200 : 401, isRight ? { data: [{ id: 'a' }] } : { error: 'internal canary' })(
        request,
        response,
      )
    }
    const { id } = await make()
    expect((await validate(id, { api_key: 'sk-right' })).valid).toBe(true)
    const found = await validate(id)
    expect(told(found)).toMatchObject({ endpoint: 'passed', credentials: 'failed', model: 'skipped' })
    expect(JSON.stringify(found)).not.toMatch(/canary/)
  })

  it.each<[string, object, string, Record<string, string | undefined>]>([
    [
      'anthropic',
      {},
      '/v1/models?limit=1000',
      { 'x-api-key': 'sk-canary', 'anthropic-version': '2023-06-01' },
    ],
    ['gemini', {}, '/v1/models?pageSize=1000', { 'x-goog-api-key': 'sk-canary' }],
    [
      'azure_openai',
      { api_version: '2025-01-01' },
      '/v1/openai/models?api-version=2025-01-01',
      { 'api-key': 'sk-canary' },
    ],
    ['azure_openai', { api_version: 'v1' }, '/v1/openai/v1/models', { 'api-key': 'sk-canary' }],
    ['openai_compatible', { api_key: null }, '/v1/models', { authorization: undefined }],
    ['bedrock', { region: 'eu-west-1' }, '/v1/foundation-models', { authorization: 'Bearer sk-canary' }],
  ])('asks a provider of type %s as its vendor wants it', async (type, more, path, headers) => {
    behave = list('a')
    const { id } = await make({ type, ...more })
    expect((await validate(id)).checks[0]).toMatchObject({ check: 'endpoint', status: 'passed' })
    expect(seen[0]?.url).toBe(path)
    for (const [name, value] of Object.entries(headers)) expect(seen[0]?.headers[name]).toBe(value)
  })

  it('signs what it asks Bedrock with the keys of AWS', async () => {
    behave = answer(200, { modelSummaries: [{ modelId: 'amazon.nova-pro-v1:0' }] })
    const credential = {
      access_key_id: 'AKIDEXAMPLE',
      secret_access_key: 'wJalr/canary',
      session_token: 'st',
    }
    const { id } = await make({
      ...{
        type: 'bedrock',
        region: 'eu-west-1',
        base_url: origin,
        api_key: JSON.stringify(credential, null, 1).replaceAll('\n', ' '),
      },
    })
    expect(await validate(id, { model: 'eu.amazon.nova-pro-v1:0' })).toMatchObject({ valid: true })
    const { authorization, 'x-amz-security-token': token } = seen[0]?.headers ?? {}
    expect(authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    )
    expect(token).toBe('st')
  })

  it('follows no redirect, and takes nothing for a list that is none', async () => {
    behave = answer(302, {}, { location: `${origin}/elsewhere` })
    const { id } = await make()
    expect(told(await validate(id))).toMatchObject({ endpoint: 'failed' })
    expect(seen).toHaveLength(1)
    behave = answer(200, { hello: 'canary' })
    const found = await validate(id)
    expect(told(found)).toMatchObject({ endpoint: 'failed', credentials: 'skipped' })
    expect(JSON.stringify(found)).not.toContain('canary')
    behave = answer(503, {})
    expect(told(await validate(id))).toMatchObject({ endpoint: 'failed' })
  })

  it('says what is wrong with an address that does not answer', async () => {
    const { id } = await make({ base_url: 'http://127.0.0.1:9/v1' })
    const found = await validate(id)
    expect(found).toMatchObject({ valid: false, latency_ms: null })
    expect(found.checks[0]?.message).toContain('Nothing listens there')
    expect(told(found)).toMatchObject({ credentials: 'skipped', model: 'skipped', latency: 'skipped' })
  })

  it('threat 2: connects to no address that is forbidden, whatever was allowed when it was saved', async () => {
    const { id } = await make()
    for (const address of ['http://10.0.0.1/v1', 'http://169.254.169.254/v1']) {
      await catalog.sql.query(`UPDATE provider SET base_url = $1 WHERE id = $2`, [address, id])
      const found = await validate(id)
      expect(found.checks[0]).toMatchObject({ status: 'failed' })
      expect(found.checks[0]?.message).toContain('WEIR_UPSTREAM_ALLOW')
    }
  })

  it('threat 26: waits no longer than it says, and reads no more than a list', async () => {
    behave = (_, response) => {
      response.writeHead(200)
      const write = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1_000_000, 32)));
      }
      response.on('drain', write)
      write()
    }
    const { id } = await make()
    const endless = await validate(id)
    expect(endless.checks[0]?.message).toContain('more than a list')
  })

  it('threat 7: is for administrators, and for nobody without a credential', async () => {
    const { id } = await make()
    const { status } = await catalog.call('POST', `/v1/providers/${id}/validate`, {}, {})
    expect(status).toBe(401)
    const wrong = await catalog.call('POST', `/v1/providers/${id}/validate`, { url: 'http://x.example' })
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'invalid_request'])
    const none = await catalog.call('POST', '/v1/providers/nobody/validate', {})
    expect([none.status, none.body.error.code]).toEqual([404, 'provider_not_found'])
    expect(seen).toEqual([])
  })

  describe('rotating a credential', () => {
    const rotate = (id: string, body: object) => catalog.call('PATCH', `/v1/providers/${id}`, body)
    const onlyRight: Behaviour = (request, response) => {
      const isRight = request.headers.authorization === 'Bearer sk-right'
      answer(isRight ? 200 : 401, { data: [] })(request, response)
    }

    it('tries the new one first, and keeps the old one when it is wrong', async () => {
      behave = onlyRight
      const { id } = await make()
      const watcher = new Watcher(catalog)
      await watcher.synced()
      const keyring = new Keyring(encryptionKeys)
      const current = () => {
        const { credential } = watcher.providers.get(id) ?? {}
        return credential && keyring.unseal(credential, `provider/${id}`).toString()
      }
      const refused = await rotate(id, { api_key: 'sk-wrong' })
      expect([refused.status, refused.body.error.param]).toEqual([400, 'api_key'])
      expect(refused.body.error.message).not.toContain('sk-wrong')
      expect(current()).toBe('sk-canary')
      expect((await rotate(id, { api_key: 'sk-right' })).status).toBe(200)
      await waitFor(() => current() === 'sk-right', { timeoutMs: 1_000 })
      watcher.stop()
      const { rows } = await catalog.sql.query<{ count: string }>(
        `SELECT count(*) FROM provider WHERE id = $1`,
        [id],
      )
      expect(rows[0]?.count).toBe('1')
    })

    it('takes one that cannot be tried, unless it must be', async () => {
      const { id } = await make({ base_url: 'http://127.0.0.1:9/v1' })
      expect((await rotate(id, { api_key: 'sk-right', validate: true })).status).toBe(400)
      expect((await rotate(id, { api_key: 'sk-right' })).status).toBe(200)
    })

    it('takes one untried when it is told to', async () => {
      behave = onlyRight
      const { id } = await make()
      expect((await rotate(id, { api_key: 'sk-wrong', validate: false })).status).toBe(200)
      expect(seen).toEqual([])
    })
  })
})
