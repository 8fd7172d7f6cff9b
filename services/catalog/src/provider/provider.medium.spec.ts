import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'

const prices = { input_per_million: '1', output_per_million: '2' }

describe('providers', () => {
  let catalog: RunningCatalog
  beforeAll(async () => void (catalog = await RunningCatalog.start()))
  afterAll(() => catalog.stop())

  const refusal = async (method: string, path: string, body: unknown) => {
    const answer = await catalog.call(method, path, body)
    return [answer.status, answer.body.error.code, answer.body.error.param]
  }

  it('are created, shown by id and name, and never with their credential', async () => {
    const created = await catalog.create('/v1/providers', {
      ...{
        name: 'on-prem',
        type: 'openai_compatible',
        base_url: 'http://127.1:8080/v1/',
        api_key: 'sk-canary',
        workspace: 'prod',
      },
    })
    expect(created).toMatchObject({
      ...{
        name: 'on-prem',
        type: 'openai_compatible',
        base_url: 'http://127.0.0.1:8080/v1',
        has_api_key: true,
      },
      ...{ workspace: 'ws_prod', organization: 'org_default' },
    })
    expect(created.id).toMatch(/^prov_[0-9a-z]{26}$/)
    expect(JSON.stringify(created)).not.toContain('sk-canary')
    for (const key of [created.id, 'on-prem']) {
      const { status, body } = await catalog.call('GET', `/v1/providers/${key}`)
      expect([status, body]).toEqual([200, created])
    }
  })

  it('of OpenAI need no address, a sandbox has neither address nor credential', async () => {
    expect(await catalog.create('/v1/providers', { name: 'openai', type: 'openai' })).toMatchObject({
      ...{ base_url: 'https://api.openai.com/v1', has_api_key: false, workspace: null },
    })
    expect(await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })).toMatchObject({
      base_url: null,
    })
    const sandbox = { name: 's', type: 'sandbox' }
    expect(await refusal('POST', '/v1/providers', { ...sandbox, base_url: 'https://x.example' })).toEqual([
      400,
      'invalid_request',
      'base_url',
    ])
    expect(await refusal('POST', '/v1/providers', { ...sandbox, api_key: 'x' })).toEqual([
      400,
      'invalid_request',
      'api_key',
    ])
  })

  it('of every type have what their vendor is called with, and no setting of another', async () => {
    const made = async (fields: object) => {
      const { id } = await catalog.create('/v1/providers', { name: 'typed', api_key: 'canary', ...fields })
      const { body } = await catalog.call('GET', `/v1/providers/${id}`)
      await catalog.call('DELETE', `/v1/providers/${id}`)
      return [body['base_url'], body['api_version'], body['region']]
    }
    expect(await made({ type: 'anthropic' })).toEqual(['https://api.anthropic.com/v1', '2023-06-01', null])
    expect(await made({ type: 'gemini' })).toEqual([
      ...['https://generativelanguage.googleapis.com/v1beta', null, null],
    ])
    const azure = {
      type: 'azure_openai',
      base_url: 'https://acme.openai.azure.com',
      api_version: '2025-01-01',
    }
    expect(await made(azure)).toEqual(['https://acme.openai.azure.com', '2025-01-01', null])
    expect(await made({ type: 'bedrock', region: 'eu-west-1' })).toEqual([
      ...['https://bedrock-runtime.eu-west-1.amazonaws.com', null, 'eu-west-1'],
    ])
    for (const [fields, param] of [
      [{ type: 'azure_openai' }, 'base_url'],
      [{ type: 'bedrock' }, 'region'],
      [{ type: 'bedrock', region: 'mars' }, 'region'],
      [{ type: 'openai', region: 'eu-west-1' }, 'region'],
      [{ type: 'gemini', api_version: '1' }, 'api_version'],
      [{ type: 'openai', api_key: '{"access_key_id": "a"}' }, 'api_key'],
      [{ type: 'bedrock', region: 'eu-west-1', api_key: '{"access_key_id": "canary"}' }, 'api_key'],
      [{ type: 'bedrock', region: 'eu-west-1', api_key: '{' }, 'api_key'],
    ] as const) {
      expect(await refusal('POST', '/v1/providers', { name: 'typed', ...fields })).toEqual([
        ...[400, 'invalid_request', param],
      ])
    }
  })

  it('of bedrock move with their region', async () => {
    await catalog.create('/v1/providers', { name: 'aws', type: 'bedrock', region: 'eu-west-1' })
    expect((await catalog.call('PATCH', '/v1/providers/aws', { region: 'us-east-1' })).body).toMatchObject({
      ...{ base_url: 'https://bedrock-runtime.us-east-1.amazonaws.com', region: 'us-east-1' },
    })
    await catalog.call('DELETE', '/v1/providers/aws')
  })

  it('name every mistake', async () => {
    const wrong = {
      ...{
        name: '',
        type: 'magic',
        base_url: 7,
        api_key: 'two words',
        workspace: [],
        api_base: 'x',
        has_api_key: true,
        id: 'x',
      },
    }
    const { status, body } = await catalog.call('POST', '/v1/providers', wrong)
    expect(status).toBe(400)
    expect(body.error.errors?.map(({ field }) => field).sort()).toEqual(Object.keys(wrong).sort())
    expect(JSON.stringify(body)).not.toContain('two words')
  })

  it.each([
    'http://10.0.0.1/v1',
    'http://167772161/v1',
    'http://[::ffff:10.0.0.1]/v1',
    'http://169.254.169.254/',
    'https://user:pass@x.example/v1',
    'https://x.example/v1?a=b',
    'file:///etc/passwd',
    'nonsense',
    'https://x.example/\r\nhost: y',
    '',
  ])('do not point to %j', async (url) => {
    const compatible = { name: 'inside', type: 'openai_compatible' }
    expect(await refusal('POST', '/v1/providers', { ...compatible, base_url: url })).toEqual([
      400,
      'invalid_request',
      'base_url',
    ])
    expect(await refusal('PATCH', '/v1/providers/on-prem', { base_url: url })).toEqual([
      400,
      'invalid_request',
      'base_url',
    ])
  })

  it('serve a workspace that there is', async () => {
    const sandbox = { name: 'x', type: 'sandbox', workspace: 'moon' }
    expect(await refusal('POST', '/v1/providers', sandbox)).toEqual([404, 'workspace_not_found', 'workspace'])
    expect(await refusal('PATCH', '/v1/providers/sandbox', { workspace: 'moon' })).toEqual([
      404,
      'workspace_not_found',
      'workspace',
    ])
    const ask = (workspace: string) =>
      catalog.references.listReferences({ organization: 'org_default', workspace })
    expect(await ask('ws_prod')).toEqual({ users: ['provider `on-prem`'] })
    expect(await ask('ws_other')).toEqual({ users: [] })
  })

  it('are told apart by name, which looks like no id', async () => {
    expect(await refusal('POST', '/v1/providers', { name: 'sandbox', type: 'sandbox' })).toEqual([
      409,
      'already_exists',
      'name',
    ])
    expect(await refusal('PATCH', '/v1/providers/sandbox', { name: 'openai' })).toEqual([
      409,
      'already_exists',
      'name',
    ])
    const name = `prov_${'0'.repeat(26)}`
    expect(await refusal('POST', '/v1/providers', { name, type: 'sandbox' })).toEqual([
      400,
      'invalid_request',
      'name',
    ])
  })

  it('change what is sent, keep what is not, lose what is null', async () => {
    const change = { name: 'renamed', base_url: 'http://127.0.0.1:9/v2', workspace: null }
    const { status, body } = await catalog.call('PATCH', '/v1/providers/on-prem', change)
    expect([status, body]).toMatchObject([200, { ...change, has_api_key: true }])
    expect((await catalog.call('PATCH', '/v1/providers/renamed', { api_key: null })).body).toMatchObject({
      has_api_key: false,
    })
    expect(
      (await catalog.call('PATCH', '/v1/providers/renamed', { api_key: 'sk-other' })).body,
    ).toMatchObject({ has_api_key: true })
    expect(await refusal('PATCH', '/v1/providers/renamed', { type: 'openai' })).toEqual([
      400,
      'invalid_request',
      'type',
    ])
    expect(await refusal('PATCH', '/v1/providers/renamed', { base_url: null })).toEqual([
      400,
      'invalid_request',
      'base_url',
    ])
    expect(await refusal('PATCH', '/v1/providers/nobody', { name: 'x' })).toEqual([
      404,
      'provider_not_found',
      null,
    ])
    await catalog.call('PATCH', '/v1/providers/openai', { base_url: 'https://eu.api.openai.com/v1' })
    expect((await catalog.call('PATCH', '/v1/providers/openai', { base_url: null })).body).toMatchObject({
      base_url: 'https://api.openai.com/v1',
    })
  })

  it('are listed by type and by workspace, a page at a time', async () => {
    const names = async (query: string) => {
      const { body } = await catalog.call<{ data: { name: string }[] }>('GET', `/v1/providers?${query}`)
      return body.data.map(({ name }) => name)
    }
    expect(await names('type=sandbox')).toEqual(['sandbox'])
    expect(await names('workspace=ws_prod')).toEqual([])
    const first = await catalog.call<{ next_cursor: string; data: unknown[] }>('GET', '/v1/providers?limit=2')
    expect(first.body.data).toHaveLength(2)
    expect(await names(`limit=2&cursor=${first.body.next_cursor}`)).toEqual(['sandbox'])
    expect((await catalog.call('GET', '/v1/providers?type=magic')).status).toBe(400)
    expect((await catalog.call('GET', "/v1/providers?workspace=' OR 1=1 --")).body).toMatchObject({
      data: [],
    })
  })

  it('are not deleted while a model needs them, not even one that is made meanwhile', async () => {
    await catalog.create('/v1/models', { name: 'm', provider: 'sandbox', prices })
    const { status, body } = await catalog.call('DELETE', '/v1/providers/sandbox')
    expect([status, body.error.code]).toEqual([409, 'in_use'])
    expect(body.error.message).toContain('model `m`')
    await catalog.call('DELETE', '/v1/models/m')
    expect((await catalog.call('DELETE', '/v1/providers/sandbox')).status).toBe(204)
    expect((await catalog.call('DELETE', '/v1/providers/sandbox')).status).toBe(404)

    for (let round = 0; round < 15; round++) {
      const name = `racer-${round}`
      await catalog.create('/v1/providers', { name, type: 'sandbox' })
      const [created, deleted] = await Promise.all([
        catalog.call('POST', '/v1/models', { name, provider: name, free: true }),
        catalog.call('DELETE', `/v1/providers/${name}`),
      ])
      expect(['201,409', '404,204']).toContain([created.status, deleted.status].join())
      if (created.status === 404) expect(created.body.error.code).toBe('provider_not_found')
    }
  })

  it('need identity only for a workspace', async () => {
    catalog.identity.stop()
    await catalog.create('/v1/providers', { name: 'alone', type: 'sandbox' })
    const { status, body } = await catalog.call('POST', '/v1/providers', {
      name: 'x',
      type: 'sandbox',
      workspace: 'prod',
    })
    expect([status, body.error.code]).toEqual([503, 'service_unavailable'])
    expect(body.error.message).toContain('Identity')
  })
})
