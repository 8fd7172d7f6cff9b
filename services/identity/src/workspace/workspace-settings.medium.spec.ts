import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'
import { Watcher } from '../testing/watcher.js'

const atFirst = {
  ...{ response_cache: false, response_cache_ttl_s: 3600 },
  ...{ content_logging: false, retention_days: null },
}

describe('settings of a workspace', () => {
  let identity: RunningIdentity
  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  const settingsOf = async (id: string) =>
    (await identity.call('GET', `/v1/workspaces/${id}`)).body['settings']
  const set = (id: string, settings: unknown) => identity.call('PATCH', `/v1/workspaces/${id}`, { settings })

  it('are off at first, and are set one by one', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'plain' })
    expect(await settingsOf(id)).toEqual(atFirst)
    const { status, body } = await set(id, { response_cache: true, retention_days: 30 })
    expect(status).toBe(200)
    expect(body['settings']).toEqual({ ...atFirst, response_cache: true, retention_days: 30 })
    expect((await set(id, { retention_days: null, response_cache_ttl_s: 60 })).body['settings']).toEqual({
      ...atFirst,
      ...{ response_cache: true, response_cache_ttl_s: 60 },
    })
    await identity.call('PATCH', `/v1/workspaces/${id}`, { description: 'x' })
    expect(await settingsOf(id)).toMatchObject({ response_cache: true, response_cache_ttl_s: 60 })
  })

  it('are set at creation', async () => {
    const settings = { content_logging: true, retention_days: 7 }
    const { id } = await identity.create('/v1/workspaces', { name: 'set', settings })
    expect(await settingsOf(id)).toEqual({ ...atFirst, ...settings })
  })

  it('are checked', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'checked' })
    for (const wrong of [
      ...[
        { response_cache: null },
        { response_cache: 1 },
        { response_cache_ttl_s: 0 },
        { retention_days: 0 },
      ],
      ...[{ retention_days: 1.5 }, { content_logging: 'yes' }, { unknown: true }, null, [], 'on'],
    ]) {
      const { status, body } = await set(id, wrong)
      expect([status, body.error.code], JSON.stringify(wrong)).toEqual([400, 'invalid_request'])
    }
    expect(await settingsOf(id)).toEqual(atFirst)
  })

  it('reach the gateways', async () => {
    const settings = { response_cache: true, response_cache_ttl_s: 90, retention_days: 3 }
    const { id } = await identity.create('/v1/workspaces', { name: 'watched', settings })
    const watcher = new Watcher(identity)
    await watcher.synced()
    expect(watcher.get('workspace', id)?.settings).toEqual({
      ...{ responseCache: true, responseCacheTtlS: 90, contentLogging: false, retentionDays: 3 },
    })
    watcher.stop()
  })

  it('are on record', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'recorded' })
    await set(id, { content_logging: true })
    const entry = await waitFor(async () => {
      const { body } = await identity.call<{ data: object[] }>('GET', `/v1/audit?resource=${id}`)
      return body.data.find((entry) => JSON.stringify(entry).includes('"content_logging":true'))
    })
    expect(entry).toMatchObject({
      ...{ before: { content_logging: false }, after: { content_logging: true } },
    })
  })

  it('tell how long requests are kept, also of a workspace that can be restored', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'kept', settings: { retention_days: 5 } })
    const { id: forever } = await identity.create('/v1/workspaces', { name: 'forever' })
    const told = async () => (await identity.references.listRetentions({ afterWorkspace: '' })).retentions
    const expected = { organization: 'org_default', workspace: id, days: 5 }
    expect(await told()).toContainEqual(expected)
    expect((await told()).map(({ workspace }) => workspace)).not.toContain(forever)
    await identity.call('DELETE', `/v1/workspaces/${id}`)
    expect(await told()).toContainEqual(expected)
    expect(await identity.references.listRetentions({ afterWorkspace: 'ws_z' })).toEqual({ retentions: [] })
  })

  it('tell which workspaces are gone for good', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'there' })
    const { id: deleted } = await identity.create('/v1/workspaces', { name: 'deleted' })
    await identity.call('DELETE', `/v1/workspaces/${deleted}`)
    const gone = async () =>
      (await identity.references.findGoneWorkspaces({ workspaces: [id, deleted, 'ws_never'] })).workspaces
    expect(await gone()).toEqual(['ws_never'])
    await identity.sql.query(
      `UPDATE deleted_workspace SET deleted_at = now() - interval '31 days' WHERE id = $1`,
      [deleted],
    )
    expect((await gone()).sort()).toEqual([deleted, 'ws_never'].sort())
  })

  it('are as at first in a workspace that was deleted before there were any', async () => {
    const { id } = await identity.create('/v1/workspaces', { name: 'old' })
    await identity.call('DELETE', `/v1/workspaces/${id}`)
    await identity.sql.query(
      `UPDATE deleted_workspace SET content = jsonb_set(content, '{workspace,0}', (content #> '{workspace,0}')
         - '{response_cache,response_cache_ttl_s,content_logging,retention_days}'::text[]) WHERE id = $1`,
      [id],
    )
    expect((await identity.call('POST', `/v1/workspaces/${id}/restore`)).status).toBe(201)
    expect(await settingsOf(id)).toEqual(atFirst)
  })
})
