import { actionRecorded } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { send } from '../stack/client.js'
import { Factory, unique } from '../stack/factory.js'
import type { Page } from '../stack/management.js'
import { readTopic } from '../stack/topics.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

interface Entry {
  id: string
  sequence: number
  service: string
  actor_kind: string
  actor_id: string | null
  address: string | null
  request_id: string | null
  resource: string
  resource_id: string | null
  action: string
  outcome: string
  status: number | null
  error_code: string | null
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
}

describe('the audit trail', () => {
  let weir: SharedWeir
  let factory: Factory

  beforeAll(async () => {
    weir = await useWeir()
    factory = new Factory(weir.management)
  })

  const list = (query: string) => weir.management.get<Page<Entry>>(`/v1/audit?${query}`)
  const entries = (query: string, count: number) =>
    waitFor(
      async () => {
        const { data } = await list(query)
        return data.length >= count ? data.reverse() : undefined
      },
      { what: `${count} entries of ${query}`, timeoutMs: 10_000 },
    )

  it('tells of a change in any service, on the public port and on the topic, once', async () => {
    const topic = await readTopic(weir.postgresUrl, actionRecorded)
    const canary = unique('sk-canary')
    const provider = await factory.createProvider({ base_url: 'http://127.0.0.1:9', api_key: canary })
    await weir.management.update(`/v1/providers/${provider.id}`, { api_key: `${canary}-rotated` })
    const model = await factory.createModel({ provider: provider.id })
    await weir.management.delete(`/v1/models/${model.id}`)
    await weir.management.delete(`/v1/providers/${provider.id}`)
    const workspace = await factory.createWorkspace()
    const virtualKey = await factory.createVirtualKey({ workspace: workspace.id })

    const ofProvider = await entries(`resource=${provider.id}`, 3)
    expect(ofProvider.map(({ action, service, outcome }) => [action, service, outcome])).toEqual([
      ['create', 'catalog', 'done'],
      ['update', 'catalog', 'done'],
      ['delete', 'catalog', 'done'],
    ])
    expect(ofProvider[1]).toMatchObject({
      before: { ciphertext: '[secret]' },
      after: { ciphertext: '[secret, changed]', name: provider.name },
      ...{ actor_kind: 'master_key', actor_id: 'master_key', address: '127.0.0.1' },
    })
    const [ofKey] = await entries(`resource=${virtualKey.id}`, 1)
    expect(ofKey).toMatchObject({ resource: 'virtual_key', service: 'identity', before: null })

    const ids = [...ofProvider, ...(await entries(`resource=${model.id}`, 2)), ofKey].map(
      (entry) => entry?.id,
    )
    const heard = await waitFor(() => {
      const found = topic.events.filter(({ eventId }) => ids.includes(eventId))
      return found.length >= ids.length ? found : undefined
    })
    expect(heard.map(({ eventId }) => eventId).sort()).toEqual(ids.sort())
    const everything = JSON.stringify([topic.events, (await list('limit=1000')).data])
    for (const secret of [canary, virtualKey.key, virtualKey.key.slice(-12), weir.masterKey]) {
      expect(everything).not.toContain(secret)
    }
    await topic.close()
  })

  it('tells of what was refused, and of the address that it came from, whatever the caller claims', async () => {
    const requestId = unique('req')
    const reply = await send({
      url: weir.url,
      path: '/v1/teams/nobody-here',
      method: 'DELETE',
      headers: { 'x-forwarded-for': '203.0.113.7', 'x-request-id': requestId },
    })
    expect(reply.status).toBe(401)
    const missing = unique('team')
    expect((await weir.management.send('DELETE', `/v1/teams/${missing}`)).status).toBe(404)
    await entries(`resource=${missing}`, 1)
    const refused = (await list('outcome=refused&limit=100')).data
    expect(refused.find((entry) => entry.request_id === requestId)).toMatchObject({
      ...{ actor_kind: 'anonymous', address: '127.0.0.1', action: 'delete', resource: 'team' },
      ...{ resource_id: 'nobody-here', status: 401, error_code: 'missing_api_key', after: null },
    })
    expect(refused.find((entry) => entry.resource_id === missing)).toMatchObject({
      ...{ actor_kind: 'master_key', status: 404, error_code: 'team_not_found' },
    })
  })

  it('is verified, exported as JSON lines, and open to nobody without a right to it', async () => {
    const exported = await fetch(`${weir.url}/v1/audit?action=create`, {
      headers: { authorization: `Bearer ${weir.masterKey}`, accept: 'application/x-ndjson' },
    })
    const lines = (await exported.text()).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.map((line) => (JSON.parse(line) as Entry).action)).toEqual(lines.map(() => 'create'))
    const verification = await weir.management.get<{ valid: boolean; entries: number }>('/v1/audit/verify')
    expect(verification.valid).toBe(true)
    expect(verification.entries).toBeGreaterThanOrEqual(lines.length)
    const workspace = await factory.createWorkspace()
    const { key } = await factory.createVirtualKey({ workspace: workspace.id })
    expect((await send({ url: weir.url, path: '/v1/audit', method: 'GET', key })).status).toBe(403)
    expect((await send({ url: weir.url, path: '/v1/audit', method: 'GET' })).status).toBe(401)
  })
})
