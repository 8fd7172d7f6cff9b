import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Version {
  version: number
  weight: number
}

describe('model versions', () => {
  let catalog: RunningCatalog
  let watcher: Watcher
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    await catalog.create('/v1/providers', { name: 'openai', type: 'openai' })
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
    watcher = new Watcher(catalog)
    await watcher.synced()
  })
  afterAll(async () => {
    watcher.stop()
    await catalog.stop()
  })

  const prices = { input_per_million: '1', output_per_million: '2' }
  let count = 0
  const makeModel = async (more: object = {}) => {
    const name = `vendor/m-${++count}`
    const model = { name, provider: 'sandbox', provider_model: 'pm-1', prices, ...more }
    const { id } = await catalog.create('/v1/models', model)
    return { id, path: `/v1/models/${encodeURIComponent(name)}` }
  }
  const traffic = async (path: string, body?: object) => {
    const answer = await catalog.call<{ versions: Version[] }>('POST', path, body)
    return answer.body.versions?.map(({ version, weight }) => [version, weight]) ?? answer.status
  }
  const refusal = async (method: string, path: string, body?: object) => {
    const answer = await catalog.call(method, path, body)
    return [answer.status, answer.body.error?.code]
  }
  const told = (id: string) =>
    watcher.models.get(id)?.versions.map(({ version, weight }) => [version, weight])
  const inForce = (id: string, shares: number[][]) =>
    waitFor(() => JSON.stringify(told(id)) === JSON.stringify(shares), { timeoutMs: 1_000 })

  it('begin with what the model is, and change nothing before one is promoted', async () => {
    const { id, path } = await makeModel()
    expect((await catalog.call('GET', `${path}/versions`)).body).toMatchObject({ data: [] })
    const made = await catalog.create(`${path}/versions`, {
      ...{ provider_model: 'pm-2', parameters: { temperature: 0.5 } },
    })
    expect(made).toMatchObject({
      ...{ object: 'model.version', model: id, version: 2, provider_model: 'pm-2', weight: 0 },
      ...{ parameters: { temperature: 0.5 }, prices: null },
    })
    const { body } = await catalog.call('GET', `${path}/versions/1`)
    expect(body).toMatchObject({ version: 1, provider_model: 'pm-1', parameters: {}, weight: 100 })
    await inForce(id, [[1, 100]])
  })

  it('are promoted, made canaries and rolled back, each in one call and in force within a second', async () => {
    const { id, path } = await makeModel()
    for (const provider_model of ['pm-2', 'pm-3'])
      await catalog.create(`${path}/versions`, { provider_model })
    expect(await traffic(`${path}/versions/2/canary`, { weight: 10 })).toEqual([
      [1, 90],
      [2, 10],
    ])
    await inForce(id, [
      [1, 90],
      [2, 10],
    ])
    expect(watcher.models.get(id)?.versions[1]).toMatchObject({ providerModel: 'pm-2', parametersJson: '' })
    expect(await traffic(`${path}/versions/2/promote`)).toEqual([[2, 100]])
    await inForce(id, [[2, 100]])
    expect(await traffic(`${path}/versions/3/promote`)).toEqual([[3, 100]])
    expect(await traffic(`${path}/rollback`)).toEqual([[2, 100]])
    expect(await traffic(`${path}/rollback`)).toEqual([
      [1, 90],
      [2, 10],
    ])
    expect(await traffic(`${path}/rollback`)).toEqual([[1, 100]])
    await inForce(id, [[1, 100]])
    expect(await refusal('POST', `${path}/rollback`)).toEqual([400, 'invalid_request'])

    const { body } = await catalog.call<{ data: { action: string; undone: boolean; actor: string }[] }>(
      'GET',
      `${path}/history`,
    )
    expect(body.data.map(({ action, undone }) => [action, undone])).toEqual([
      ...['rolled_back', 'rolled_back', 'rolled_back'].map((action) => [action, false]),
      ...['promoted', 'promoted', 'canary'].map((action) => [action, true]),
    ])
    expect(body.data[0]).toMatchObject({ actor: 'master_key', after: [{ version: 1, weight: 100 }] })
  })

  it('never share out more than all, however many do so at once', async () => {
    const { id, path } = await makeModel()
    for (let i = 0; i < 4; i++) await catalog.create(`${path}/versions`, {})
    await Promise.all(
      [1, 2, 3, 4, 5].flatMap((version) => [
        traffic(`${path}/versions/${version}/promote`),
        traffic(`${path}/versions/${version}/canary`, { weight: 7 }),
        traffic(`${path}/rollback`),
      ]),
    )
    const { body } = await catalog.call<{ data: Version[] }>('GET', `${path}/versions`)
    expect(body.data.reduce((sum, { weight }) => sum + weight, 0)).toBe(100)
    await waitFor(
      () => {
        const shares = watcher.models.get(id)?.versions ?? []
        return shares.reduce((sum, { weight }) => sum + weight, 0) === 100
      },
      { timeoutMs: 1_000 },
    )
  })

  it('have prices of their own where the model’s cannot hold', async () => {
    const { id, path } = await makeModel({ provider: 'openai', provider_model: 'gpt-4o', prices: undefined })
    const own = await catalog.create<{ prices: { input_per_million: string } }>(`${path}/versions`, {
      provider_model: 'gpt-4o-mini',
    })
    expect(own.prices).toMatchObject({ input_per_million: '0.15' })
    expect(await refusal('POST', `${path}/versions`, { provider_model: 'nobody-knows-it' })).toEqual([
      ...[400, 'invalid_request'],
    ])
    const said = await catalog.create(`${path}/versions`, { provider_model: 'nobody-knows-it', prices })
    expect(said).toMatchObject({ version: 3, prices: { input_per_million: '1' } })
    await traffic(`${path}/versions/2/canary`, { weight: 50 })
    await inForce(id, [
      [1, 50],
      [2, 50],
    ])
    const [first, second] = watcher.models.get(id)?.versions ?? []
    expect(first?.prices).toEqual([])
    expect(second?.prices[0]?.rates[0]).toMatchObject({ unit: 'input', nanoUsdPerMillion: '150000000' })
    const price = { id: second?.prices[0]?.id ?? '' }
    expect((await catalog.prices.getPrice(price)).price?.id).toBe(price.id)
    await catalog.call('DELETE', path)
    expect((await catalog.prices.getPrice(price)).price?.id).toBe(price.id)
  })

  it('say what a model is: it cannot be said of the model any more', async () => {
    const { path } = await makeModel()
    await catalog.create(`${path}/versions`, {})
    for (const change of [
      { provider_model: 'x' },
      { provider: 'openai' },
      { free: true },
      { prices: null },
    ]) {
      expect(await refusal('PATCH', path, change)).toEqual([400, 'invalid_request'])
    }
    expect(
      (await catalog.call('PATCH', path, { prices: { ...prices, input_per_million: '3' } })).status,
    ).toBe(200)
  })

  it.each<[string, string, object | undefined, number, string]>([
    ['POST', '/versions', { parameters: { model: 'x' } }, 400, 'invalid_request'],
    ['POST', '/versions', { parameters: { n: 50 } }, 400, 'invalid_request'],
    ['POST', '/versions', { parameters: { 'a b': 1 } }, 400, 'invalid_request'],
    ['POST', '/versions', { parameters: [] }, 400, 'invalid_request'],
    ['POST', '/versions', { weight: 100 }, 400, 'invalid_request'],
    ['POST', '/versions/9/promote', undefined, 404, 'version_not_found'],
    ['POST', '/versions/x/promote', undefined, 400, 'invalid_request'],
    ['POST', '/versions/1/canary', { weight: 0 }, 400, 'invalid_request'],
    ['POST', '/versions/1/canary', { weight: 10 }, 400, 'invalid_request'],
    ['POST', '/versions/2/canary', {}, 400, 'invalid_request'],
    ['GET', '/versions/9', undefined, 404, 'version_not_found'],
  ])('refuse %s %s %j', async (method, at, body, status, code) => {
    const { path } = await makeModel()
    await catalog.create(`${path}/versions`, {})
    expect(await refusal(method, path + at, body)).toEqual([status, code])
  })

  it('are for nobody without a credential, and of no model that is not there', async () => {
    const { path } = await makeModel()
    expect((await catalog.call('GET', `${path}/versions`, undefined, {})).status).toBe(401)
    expect((await catalog.call('POST', `${path}/rollback`, undefined, {})).status).toBe(401)
    expect(await refusal('GET', '/v1/models/none/versions')).toEqual([404, 'model_not_found'])
    expect(await refusal('POST', '/v1/models/none/versions', {})).toEqual([404, 'model_not_found'])
  })
})
