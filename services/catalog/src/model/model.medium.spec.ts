import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'

const prices = { input_per_million: '2.50', output_per_million: '10' }

describe('models', () => {
  let catalog: RunningCatalog
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    await catalog.create('/v1/providers', { name: 'openai', type: 'openai' })
    await catalog.create('/v1/providers', {
      name: 'local',
      type: 'openai_compatible',
      base_url: 'http://127.0.0.1:8080/v1',
    })
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
  })
  afterAll(() => catalog.stop())

  const refusal = async (method: string, path: string, body?: unknown) => {
    const answer = await catalog.call(method, path, body)
    return [answer.status, answer.body.error.code, answer.body.error.param]
  }

  it('are created with prices of their own, and shown by id and by name', async () => {
    const own = {
      ...prices,
      cache_read_per_million: '0.25',
      cache_write_per_million: '3.125',
      reasoning_per_million: '12',
    }
    const created = await catalog.create('/v1/models', {
      name: 'acme/chat:v1',
      provider: 'local',
      provider_model: 'chat v1',
      prices: own,
    })
    const provider = (await catalog.call('GET', '/v1/providers/local')).body
    expect(created).toMatchObject({
      ...{
        object: 'model',
        name: 'acme/chat:v1',
        provider: provider.id,
        provider_name: 'local',
        provider_model: 'chat v1',
      },
      ...{ free: false, organization: 'org_default' },
      prices: { ...own, input_per_million: '2.5', source: 'own', tiers: [], service_tiers: [] },
    })
    expect(created.id).toMatch(/^model_[0-9a-z]{26}$/)
    for (const key of [created.id, encodeURIComponent('acme/chat:v1')]) {
      expect((await catalog.call('GET', `/v1/models/${key}`)).body).toEqual(created)
    }
  })

  it('may say how much output they can make at most', async () => {
    const path = '/v1/models/talkative'
    const created = await catalog.create('/v1/models', {
      ...{ name: 'talkative', provider: 'local', prices, max_output_tokens: 4_096 },
    })
    expect(created).toMatchObject({ max_output_tokens: 4_096 })
    const change = async (max_output_tokens: unknown) =>
      (await catalog.call('PATCH', path, { max_output_tokens })).body
    expect(await change(8_192)).toMatchObject({ max_output_tokens: 8_192 })
    expect((await catalog.call('PATCH', path, { prices })).body).toMatchObject({ max_output_tokens: 8_192 })
    expect(await change(null)).toMatchObject({ max_output_tokens: null })
    for (const wrong of [0, 1.5, '5', -1]) {
      expect(await refusal('PATCH', path, { max_output_tokens: wrong })).toEqual([
        ...[400, 'invalid_request', 'max_output_tokens'],
      ])
    }
  })

  it('have a price for whatever a provider counts, and for its levels of service', async () => {
    const own = {
      per_image: '0.04',
      per_minute: '0.006',
      per_thousand_searches: '2',
      image_input_per_million: '8',
    }
    const service_tiers = { flex: { multiplier: '0.5' }, priority: { per_image: '0.08' } }
    const { prices } = await catalog.create<{ prices: object }>('/v1/models', {
      ...{ name: 'sculptor', provider: 'local', prices: { ...own, service_tiers } },
    })
    expect(prices).toEqual({
      ...own,
      ...{ source: 'own', effective_from: '1970-01-01T00:00:00.000Z', tiers: [] },
      service_tiers: [
        {
          ...{ service_tier: 'flex', per_image: '0.02', per_minute: '0.003', per_thousand_searches: '1' },
          ...{ image_input_per_million: '4', tiers: [] },
        },
        { service_tier: 'priority', per_image: '0.08', tiers: [] },
      ],
    })
  })

  it('take their prices from the public list otherwise, with tiers and dates', async () => {
    expect(await catalog.create('/v1/models', { name: 'gpt-4o', provider: 'openai' })).toMatchObject({
      prices: {
        input_per_million: '2.5',
        output_per_million: '10',
        cache_read_per_million: '1.25',
        source: 'public',
      },
    })
    const tiered = await catalog.create<{ prices: { tiers: object[] } }>('/v1/models', {
      name: 'my-5.5',
      provider: 'openai',
      provider_model: 'gpt-5.5',
    })
    expect(tiered.prices.tiers).toEqual([
      {
        above_input_tokens: 271999,
        input_per_million: '10',
        output_per_million: '45',
        cache_read_per_million: '1',
      },
    ])
    expect(await catalog.create('/v1/models', { name: 'o3', provider: 'openai' })).toMatchObject({
      prices: { input_per_million: '2', effective_from: '2025-06-10T00:00:00.000Z' },
    })
  })

  it.each([
    ['local', 'gpt-4o-mini'],
    ['sandbox', 'anything'],
    ['openai', 'gpt-unheard-of'],
  ])('of %s without a known price are refused, and nothing is silently free: %s', async (provider, name) => {
    const { status, body } = await catalog.call('POST', '/v1/models', { name, provider })
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_request', 'prices'])
    expect(body.error.message).toMatch(/`prices`.*`free`: true/)
    expect((await catalog.call('GET', `/v1/models/${name}`)).status).toBe(404)
  })

  it('are free when they are said to be', async () => {
    expect(
      await catalog.create('/v1/models', { name: 'gratis', provider: 'local', free: true }),
    ).toMatchObject({ free: true, prices: null })
    expect(await refusal('POST', '/v1/models', { name: 'x', provider: 'local', free: true, prices })).toEqual(
      [400, 'invalid_request', 'prices'],
    )
  })

  it('name every mistake, inside of prices too', async () => {
    const { status, body } = await catalog.call('POST', '/v1/models', {
      ...{ name: 'a b', provider: 7, provider_model: '', free: 'yes', cost: 1 },
      prices: {
        ...{ input_per_million: 2.5, cache_read_per_million: '-1', per_image: '10001', per_parsec: '1' },
        service_tiers: { flex: { multiplier: 'half' }, overnight: {} },
      },
    })
    expect(status).toBe(400)
    expect(body.error.errors?.map(({ field }) => field).sort()).toEqual([
      ...['cost', 'free', 'name', 'prices.cache_read_per_million', 'prices.input_per_million'],
      ...['prices.per_image', 'prices.per_parsec', 'prices.service_tiers.flex.multiplier'],
      ...['prices.service_tiers.overnight', 'provider', 'provider_model'],
    ])
  })

  it.each([
    '',
    'a b',
    'a\tb',
    'ä',
    '*',
    'a*',
    '..',
    'a/../b',
    './a',
    `model_${'0'.repeat(26)}`,
    'x'.repeat(201),
    1,
    null,
  ])('are not named %j', async (name) =>
    expect(await refusal('POST', '/v1/models', { name, provider: 'local', prices })).toEqual([
      400,
      'invalid_request',
      'name',
    ]),
  )

  it.each([
    'a',
    'gpt-4o.mini_2024@eu:0',
    'accounts/acme/models/x',
    '@cf/meta/llama',
    '~beta',
    'a..b',
    '...',
    "o'hara",
  ])('are named %j', async (name) => {
    await catalog.create('/v1/models', { name, provider: 'local', prices })
    expect((await catalog.call('GET', `/v1/models/${encodeURIComponent(name)}`)).body).toMatchObject({
      name,
      provider_model: name,
    })
  })

  it('belong to a provider that there is, and are told apart by name', async () => {
    expect(await refusal('POST', '/v1/models', { name: 'x', provider: 'nobody', prices })).toEqual([
      404,
      'provider_not_found',
      'provider',
    ])
    expect(await refusal('POST', '/v1/models', { name: 'gpt-4o', provider: 'openai' })).toEqual([
      409,
      'already_exists',
      'name',
    ])
    expect(await refusal('PATCH', '/v1/models/gpt-4o', { name: 'o3' })).toEqual([
      409,
      'already_exists',
      'name',
    ])
    expect(await refusal('PATCH', '/v1/models/gpt-4o', { provider: 'nobody' })).toEqual([
      404,
      'provider_not_found',
      'provider',
    ])
    expect(await refusal('GET', '/v1/models/nothing')).toEqual([404, 'model_not_found', null])
    expect(await refusal('PATCH', '/v1/models/nothing', {})).toEqual([404, 'model_not_found', null])
    expect(await refusal('DELETE', '/v1/models/nothing')).toEqual([404, 'model_not_found', null])
  })

  it('change their prices from now on: the old price stays for what it has rated', async () => {
    const { id } = await catalog.create('/v1/models', { name: 'pricey', provider: 'local', prices })
    const before = Date.now()
    const { body } = await catalog.call<{ prices: { effective_from: string } }>(
      'PATCH',
      '/v1/models/pricey',
      {
        prices: { input_per_million: '5', output_per_million: '20' },
      },
    )
    expect(body.prices).toMatchObject({ input_per_million: '5', output_per_million: '20', source: 'own' })
    expect(Date.parse(body.prices.effective_from)).toBeGreaterThanOrEqual(before)
    const { rows } = await catalog.sql.query<{ id: string; rates: { nanoUsdPerMillion: string }[] }>(
      'SELECT id, rates FROM price WHERE model = $1 ORDER BY effective_from, position',
      [id],
    )
    expect(rows.map(({ rates }) => rates[0]?.nanoUsdPerMillion)).toEqual(['2500000000', '5000000000'])
    const old = await catalog.prices.getPrice({ id: rows[0]?.id ?? '' })
    expect(old.price).toMatchObject({ id: rows[0]?.id, effectiveFromMs: '0', rates: rows[0]?.rates })
  })

  it('become free and priced again', async () => {
    const { id } = await catalog.create('/v1/models', { name: 'switching', provider: 'local', prices })
    const patch = async (body: object) => (await catalog.call('PATCH', `/v1/models/${id}`, body)).body
    expect(await patch({ free: true })).toMatchObject({ free: true, prices: null })
    expect(await refusal('PATCH', `/v1/models/${id}`, { free: false })).toEqual([
      400,
      'invalid_request',
      'prices',
    ])
    expect(await patch({ provider_model: 'other' })).toMatchObject({ free: true, provider_model: 'other' })
    expect(await patch({ free: false, prices })).toMatchObject({ free: false, prices: { source: 'own' } })
  })

  it('look their public prices up again when they move, and keep their own', async () => {
    await catalog.create('/v1/models', { name: 'moving', provider: 'openai', provider_model: 'gpt-4o' })
    const patch = async (body: object) => (await catalog.call('PATCH', '/v1/models/moving', body)).body
    expect(await patch({ provider_model: 'gpt-4o-mini' })).toMatchObject({
      prices: { input_per_million: '0.15', source: 'public' },
    })
    expect(await refusal('PATCH', '/v1/models/moving', { provider: 'local' })).toEqual([
      400,
      'invalid_request',
      'prices',
    ])
    expect(await patch({ provider: 'local', prices })).toMatchObject({
      provider_name: 'local',
      prices: { source: 'own' },
    })
    expect(await patch({ provider: 'openai' })).toMatchObject({
      prices: { input_per_million: '2.5', source: 'own' },
    })
    expect(await patch({ prices: null })).toMatchObject({
      prices: { input_per_million: '0.15', source: 'public' },
    })
  })

  it('keep a price that is announced for later, until another one replaces it', async () => {
    const { id } = await catalog.create('/v1/models', { name: 'announced', provider: 'local', prices })
    await catalog.sql.query(
      `INSERT INTO price (id, organization, model, effective_from, source, rates)
       VALUES ('price_future', 'org_default', $1, now() + interval '1 day', 'public', '[]')`,
      [id],
    )
    expect((await catalog.call('GET', `/v1/models/${id}`)).body).toMatchObject({
      prices: { input_per_million: '2.5' },
    })
    await catalog.call('PATCH', `/v1/models/${id}`, { prices })
    const { rows } = await catalog.sql.query<{ withdrawn: boolean }>(
      `SELECT withdrawn_at IS NOT NULL AS withdrawn FROM price WHERE id = 'price_future'`,
    )
    expect(rows).toEqual([{ withdrawn: true }])
    expect((await catalog.prices.getPrice({ id: 'price_future' })).price?.id).toBe('price_future')
  })

  it('get the prices of the new place when their provider moves, or it does not', async () => {
    await catalog.create('/v1/providers', {
      name: 'nomad',
      type: 'openai_compatible',
      base_url: 'https://api.groq.com/openai/v1',
    })
    await catalog.create('/v1/models', {
      name: 'llama',
      provider: 'nomad',
      provider_model: 'llama-3.3-70b-versatile',
    })
    expect((await catalog.call('GET', '/v1/models/llama')).body).toMatchObject({
      prices: { input_per_million: '0.59' },
    })
    expect(await refusal('PATCH', '/v1/providers/nomad', { base_url: 'http://127.0.0.1:8080/v1' })).toEqual([
      400,
      'invalid_request',
      'base_url',
    ])
    expect((await catalog.call('GET', '/v1/providers/nomad')).body).toMatchObject({
      base_url: 'https://api.groq.com/openai/v1',
    })
    await catalog.call('PATCH', '/v1/models/llama', { prices })
    expect(
      (await catalog.call('PATCH', '/v1/providers/nomad', { base_url: 'http://127.0.0.1:8080/v1' })).status,
    ).toBe(200)
    expect((await catalog.call('GET', '/v1/models/llama')).body).toMatchObject({
      prices: { input_per_million: '2.5' },
    })
  })

  it('are listed by provider and name, a page at a time', async () => {
    const list = async (query: string) => {
      const { body } = await catalog.call<{
        data: { name: string; provider_name: string }[]
        next_cursor: string | null
      }>('GET', `/v1/models?${query}`)
      return body
    }
    expect((await list('name=gpt-4o')).data.map(({ name }) => name)).toEqual(['gpt-4o'])
    const ofLocal = (await list('provider=local&limit=1000')).data
    expect(new Set(ofLocal.map(({ provider_name: name }) => name))).toEqual(new Set(['local']))
    expect((await list('provider=nobody')).data).toEqual([])
    const seen: string[] = []
    let cursor: string | null = ''
    do {
      const page: { data: { name: string }[]; next_cursor: string | null } = await list(
        `limit=3${cursor && `&cursor=${cursor}`}`,
      )
      seen.push(...page.data.map(({ name }) => name))
      cursor = page.next_cursor
    } while (cursor)
    const { rows } = await catalog.sql.query<{ name: string }>('SELECT name FROM model ORDER BY id')
    expect(seen).toEqual(rows.map(({ name }) => name))
  })

  it('are neither deleted nor renamed while a workload, a team or a key names them', async () => {
    await catalog.create('/v1/models', { name: 'wanted', provider: 'local', prices })
    catalog.identity.users.set('wanted', ['workload `bot`', 'team `sales`'])
    for (const [method, body] of [
      ['DELETE', undefined],
      ['PATCH', { name: 'other' }],
    ] as const) {
      const answer = await catalog.call(method, '/v1/models/wanted', body)
      expect([answer.status, answer.body.error.code]).toEqual([409, 'in_use'])
      expect(answer.body.error.message).toContain('workload `bot`, team `sales`')
    }
    expect((await catalog.call('PATCH', '/v1/models/wanted', { name: 'wanted', prices })).status).toBe(200)
    catalog.identity.users.clear()
    expect((await catalog.call('DELETE', '/v1/models/wanted')).status).toBe(204)
    expect((await catalog.call('GET', '/v1/models/wanted')).status).toBe(404)
  })

  it('are not deleted while identity cannot be asked', async () => {
    catalog.identity.stop()
    expect(await refusal('DELETE', '/v1/models/gpt-4o')).toEqual([503, 'service_unavailable', null])
    expect((await catalog.call('GET', '/v1/models/gpt-4o')).status).toBe(200)
  })
})
