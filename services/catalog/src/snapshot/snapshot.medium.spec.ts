import { status } from '@grpc/grpc-js'
import { Keyring } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encryptionKeys, RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

describe('watching the catalog', () => {
  let catalog: RunningCatalog
  let watcher: Watcher
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    watcher = new Watcher(catalog)
    await watcher.synced()
  })
  afterAll(async () => {
    watcher.stop()
    await catalog.stop()
  })

  const soon = (condition: () => unknown) => waitFor(condition, { timeoutMs: 1_000 })

  it('tells of providers with their credential, which only the master key opens, and only for them', async () => {
    const { id } = await catalog.create('/v1/providers', {
      name: 'openai',
      type: 'openai',
      api_key: 'sk-canary',
      workspace: 'prod',
    })
    await soon(() => watcher.providers.has(id))
    const provider = watcher.providers.get(id)
    expect(provider).toMatchObject({
      name: 'openai',
      type: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      workspace: 'ws_prod',
    })
    const credential = provider?.credential
    if (!credential) throw new Error('No credential came.')
    const keyring = new Keyring(encryptionKeys)
    expect(keyring.unseal(credential, `provider/${id}`).toString()).toBe('sk-canary')
    expect(() => keyring.unseal(credential, 'provider/other')).toThrow()
    await catalog.call('PATCH', `/v1/providers/${id}`, { api_key: null })
    await soon(() => watcher.providers.get(id)?.credential === undefined)
  })

  it('tells of models with the price in force and those to come, and of changes within a second', async () => {
    const { id } = await catalog.create('/v1/models', {
      name: 'm',
      provider: 'openai',
      provider_model: 'gpt-4o',
    })
    await soon(() => watcher.models.has(id))
    expect(watcher.models.get(id)).toMatchObject({ name: 'm', providerModel: 'gpt-4o', free: false })
    const [first] = watcher.models.get(id)?.prices ?? []
    expect(first).toMatchObject({
      effectiveFromMs: '0',
      rates: [{ unit: 'input', nanoUsdPerMillion: '2500000000', aboveInputTokens: '0' }, {}, {}, {}, {}],
      serviceTiers: [{ serviceTier: 'batch' }, { serviceTier: 'flex' }, { serviceTier: 'priority' }],
    })

    await catalog.call('PATCH', `/v1/models/${id}`, {
      prices: { input_per_million: '1', output_per_million: '1' },
    })
    await soon(() => watcher.models.get(id)?.prices.length === 2)
    const [old, current] = watcher.models.get(id)?.prices ?? []
    expect(old).toEqual(first)
    expect(Number(current?.effectiveFromMs)).toBeLessThanOrEqual(Date.now())
    expect((await catalog.prices.getPrice({ id: current?.id ?? '' })).price).toEqual(current)

    await catalog.call('PATCH', `/v1/models/${id}`, { free: true })
    await soon(() => watcher.models.get(id)?.free)
    expect(watcher.models.get(id)?.prices).toEqual([])
    await catalog.call('DELETE', `/v1/models/${id}`)
    await soon(() => !watcher.models.has(id))
    expect((await catalog.prices.getPrice({ id: current?.id ?? '' })).price).toEqual(current)
  })

  it('leaves out prices that were in force long ago, so that the state does not grow with each change', async () => {
    const prices = (amount: number) => ({
      prices: { input_per_million: String(amount), output_per_million: '1' },
    })
    const { id } = await catalog.create('/v1/models', { name: 'often', provider: 'openai', ...prices(1) })
    for (let amount = 2; amount <= 5; amount++)
      await catalog.call('PATCH', `/v1/models/${id}`, prices(amount))
    await catalog.sql.query(
      `UPDATE price SET effective_from = effective_from - interval '2 hours' WHERE model = $1 AND effective_from > '2000-01-01'`,
      [id],
    )
    await catalog.call('PATCH', `/v1/models/${id}`, prices(6))
    await soon(() => watcher.models.get(id)?.prices.length === 2)
    const amounts = watcher.models.get(id)?.prices.map(({ rates }) => rates[0]?.nanoUsdPerMillion)
    expect(amounts).toEqual(['5000000000', '6000000000'])
  })

  it('never goes back in time with a price, however fast it is changed', async () => {
    const { id } = await catalog.create('/v1/models', { name: 'fast', provider: 'openai', free: true })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        catalog.call('PATCH', `/v1/models/${id}`, {
          free: false,
          prices: { input_per_million: String(i + 1), output_per_million: '1' },
        }),
      ),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const { rows } = await catalog.sql.query<{ in_order: boolean }>(
      'SELECT effective_from >= lag(effective_from) OVER (ORDER BY position) AS in_order FROM price WHERE model = $1 ORDER BY position',
      [id],
    )
    expect(rows).toHaveLength(20)
    expect(rows.slice(1).every(({ in_order: isInOrder }) => isInOrder)).toBe(true)
    const last = (
      await catalog.sql.query<{ rates: { nanoUsdPerMillion: string }[] }>(
        'SELECT rates FROM price WHERE model = $1 ORDER BY position DESC LIMIT 1',
        [id],
      )
    ).rows[0]
    const { body } = await catalog.call<{ prices: { input_per_million: string } }>('GET', `/v1/models/${id}`)
    expect(`${body.prices.input_per_million}000000000`).toBe(last?.rates[0]?.nanoUsdPerMillion)
  })

  it('says that it does not know a price', async () => {
    await expect(catalog.prices.getPrice({ id: 'price_none' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    })
    await expect(catalog.prices.getPrice({ id: "' OR 1=1 --" })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    })
  })
})
