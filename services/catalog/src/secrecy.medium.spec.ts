import { catalogV1, createGrpcClient, catalogChanged } from '@weir/contracts'
import { createBus } from '@weir/bus'
import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encryptionKeys, masterKey, RunningCatalog } from './testing/running-catalog.js'

const routes = ['providers', 'models'].flatMap((resource) => [
  ['GET', `/v1/${resource}`] as const,
  ['POST', `/v1/${resource}`] as const,
  ['GET', `/v1/${resource}/x`] as const,
  ['PATCH', `/v1/${resource}/x`] as const,
  ['DELETE', `/v1/${resource}/x`] as const,
])

describe('the catalog keeps its secrets', () => {
  let catalog: RunningCatalog
  beforeAll(async () => void (catalog = await RunningCatalog.start()))
  afterAll(() => catalog.stop())

  it.each(routes)('%s %s is refused without the master key', async (method, path) => {
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined
    const refused = async (headers: Record<string, string>) => {
      const answer = await catalog.call(method, path, body, headers)
      return [answer.status, answer.body.error.code]
    }
    expect(await refused({})).toEqual([401, 'missing_api_key'])
    expect(await refused({ authorization: 'Bearer wrong' })).toEqual([401, 'invalid_api_key'])
    expect(await refused({ 'x-api-key': `vk_${'a'.repeat(46)}` })).toEqual([403, 'endpoint_not_allowed'])
  })

  it('refuses every internal call without the internal secret', async () => {
    const trust = { internalSecret: 'x'.repeat(40) }
    const prices = createGrpcClient(catalogV1.PriceServiceService, catalog.grpcAddress, trust)
    await expect(prices.getPrice({ id: 'x' })).rejects.toMatchObject({ code: 16 })
    const references = createGrpcClient(catalogV1.ReferenceServiceService, catalog.grpcAddress, trust)
    await expect(
      references.listReferences({ organization: 'org_default', workspace: 'x' }),
    ).rejects.toMatchObject({ code: 16 })
    prices.close()
    references.close()
  })

  it('writes no credential, and no secret of its own, to the database, the bus, the log or an answer', async () => {
    const answers = []
    const provider = { name: 'p', type: 'openai_compatible', base_url: 'https://llm.example.com/v1' }
    answers.push(await catalog.call('POST', '/v1/providers', { ...provider, api_key: 'sk-canary-one' }))
    answers.push(await catalog.call('PATCH', '/v1/providers/p', { api_key: 'sk-canary-two' }))
    answers.push(await catalog.call('PATCH', '/v1/providers/p', { api_key: 'sk-canary three' }))
    answers.push(
      await catalog.call('POST', '/v1/providers', {
        ...provider,
        base_url: 'http://10.0.0.1',
        api_key: 'sk-canary-four',
      }),
    )
    answers.push(await catalog.call('POST', '/v1/providers', '{"api_key": "sk-canary-five'))
    answers.push(await catalog.call('POST', '/v1/providers', { ...provider, apikey: 'sk-canary-six' }))
    await catalog.sql.query('ALTER TABLE provider RENAME COLUMN name TO name_gone')
    answers.push(
      await catalog.call('POST', '/v1/providers', { ...provider, name: 'q', api_key: 'sk-canary-seven' }),
    )
    await catalog.sql.query('ALTER TABLE provider RENAME COLUMN name_gone TO name')
    answers.push(await catalog.call('GET', '/v1/providers'))
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 400, 400, 400, 400, 500, 200])
    expect(catalog.logs.join()).toContain('column')

    const messages = await everyMessage(catalog.url)
    const { rows } = await catalog.sql.query<{ row: string }>(
      `SELECT row_to_json(p)::text AS row FROM provider p UNION ALL SELECT row_to_json(o)::text FROM outbox o
       UNION ALL SELECT row_to_json(c)::text FROM change c UNION ALL SELECT encode(ciphertext, 'escape') FROM provider`,
    )
    const places = {
      ...{
        answers: JSON.stringify(answers),
        logs: catalog.logs.join(),
        messages,
        database: JSON.stringify(rows),
      },
    }
    for (const [place, text] of Object.entries(places)) {
      for (const secret of ['sk-canary', masterKey, 'internal_canary', encryptionKeys.slice(2)]) {
        expect(text, `${secret} in ${place}`).not.toContain(secret)
      }
    }
  })

  it('seals each credential with a key of its own, and says with which master key', async () => {
    const seal = async (name: string) => {
      const { id } = await catalog.create('/v1/providers', { name, type: 'openai', api_key: 'the-same' })
      const { rows } = await catalog.sql.query<{
        key_version: number
        wrapped_key: Buffer
        ciphertext: Buffer
      }>('SELECT key_version, wrapped_key, ciphertext FROM provider WHERE id = $1', [id])
      return rows[0]
    }
    const [one, two] = [await seal('one'), await seal('two')]
    expect([one?.key_version, two?.key_version]).toEqual([1, 1])
    expect(one?.ciphertext.equals(two?.ciphertext ?? Buffer.alloc(0))).toBe(false)
    expect(one?.wrapped_key.equals(two?.wrapped_key ?? Buffer.alloc(0))).toBe(false)
  })
})

async function everyMessage(url: string): Promise<string> {
  const bus = createBus({ databaseUrl: url, clientId: 'reader' })
  const seen: string[] = []
  await bus.subscribe({
    group: 'reader',
    topics: [catalogChanged.topic],
    handle: (batch) =>
      Promise.resolve(
        void seen.push(...batch.messages.map((m) => JSON.stringify([m.key, m.value, m.headers]))),
      ),
  })
  await waitFor(() => seen.length >= 2, { what: 'messages' })
  await bus.close()
  return seen.join()
}
