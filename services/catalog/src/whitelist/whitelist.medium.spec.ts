import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Entry {
  id: string
  workspace: string
  model: string
  model_id: string
}

describe('whitelists', () => {
  let catalog: RunningCatalog
  beforeAll(async () => {
    catalog = await RunningCatalog.start({ config: { purgeSweepMs: 100 } })
    catalog.identity.workspaces.set('dev', 'ws_dev').set('ws_dev', 'ws_dev')
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
    for (const name of ['a', 'b', 'vendor/c']) {
      await catalog.create('/v1/models', { name, provider: 'sandbox', free: true })
    }
  })
  afterAll(() => catalog.stop())

  const path = (workspace: string, model?: string) =>
    `/v1/workspaces/${workspace}/models${model ? `/${encodeURIComponent(model)}` : ''}`
  const clear = async (workspace: string) => {
    const { body } = await catalog.call<{ data: Entry[] }>('GET', path(workspace))
    for (const { model } of body.data) await catalog.call('DELETE', path(workspace, model))
  }

  it('hold a model and the workspace’s own terms for it', async () => {
    const terms = {
      ...{ available: false, available_from: '2030-01-01T00:00:00.000Z' },
      ...{ available_until: '2030-02-01T00:00:00.000Z', rpm_limit: 5, tpm_limit: 600, max_output_tokens: 70 },
    }
    const made = await catalog.create<Entry>(path('prod'), { model: 'vendor/c', ...terms })
    expect(made).toMatchObject({ ...terms, workspace: 'ws_prod', model: 'vendor/c' })
    expect((await catalog.call('GET', path('ws_prod', 'vendor/c'))).body).toEqual(made)
    const byId = await catalog.call('GET', path('prod', made.model_id))
    expect(byId.body).toEqual(made)
    const nothing = { available_from: null, available_until: null, rpm_limit: null, max_output_tokens: null }
    const changed = await catalog.call('PATCH', path('prod', 'vendor/c'), { available: true, ...nothing })
    expect(changed.body).toMatchObject({ ...nothing, available: true, tpm_limit: 600 })
    expect((await catalog.call('DELETE', path('prod', 'vendor/c'))).status).toBe(204)
    expect((await catalog.call('GET', path('prod', 'vendor/c'))).body.error.code).toBe('model_not_found')
  })

  it('hold a model once', async () => {
    await catalog.create(path('prod'), { model: 'a' })
    const { status, body } = await catalog.call('POST', path('prod'), { model: 'a' })
    expect([status, body.error.code]).toEqual([409, 'already_exists'])
    await clear('prod')
  })

  it.each([
    ['prod', {}, 400, 'invalid_request'],
    ['prod', { model: 'a', available: null }, 400, 'invalid_request'],
    ['prod', { model: 'a', rpm_limit: 0 }, 400, 'invalid_request'],
    ['prod', { model: 'a', max_output_tokens: -1 }, 400, 'invalid_request'],
    ['prod', { model: 'a', available_from: 'tomorrow' }, 400, 'invalid_request'],
    [
      'prod',
      { model: 'a', available_from: '2030-02-01T00:00:00Z', available_until: '2030-01-01T00:00:00Z' },
      400,
      'invalid_request',
    ],
    ['prod', { model: 'a', workspace: 'ws_dev' }, 400, 'invalid_request'],
    ['prod', { model: 'a', organization: 'org_other' }, 400, 'invalid_request'],
    ['prod', { model: 'none' }, 404, 'model_not_found'],
    ['moon', { model: 'a' }, 404, 'workspace_not_found'],
  ])('of %s refuse %j', async (workspace, fields, status, code) => {
    const answer = await catalog.call('POST', path(workspace), fields)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
  })

  it('are of one workspace each, and paged', async () => {
    for (const model of ['a', 'b', 'vendor/c']) await catalog.create(path('prod'), { model })
    await catalog.create(path('dev'), { model: 'b' })
    interface Page {
      data: Entry[]
      next_cursor: string | null
    }
    const first = (await catalog.call<Page>('GET', `${path('prod')}?limit=2`)).body
    const rest = await catalog.call<Page>('GET', `${path('prod')}?limit=2&cursor=${first.next_cursor}`)
    expect([...first.data, ...rest.body.data].map(({ model }) => model)).toEqual(['a', 'b', 'vendor/c'])
    expect((await catalog.call<Page>('GET', path('dev'))).body.data.map(({ model }) => model)).toEqual(['b'])
    await catalog.call('DELETE', path('dev', 'b'))
    expect((await catalog.call('GET', path('prod', 'b'))).status).toBe(200)
    await clear('prod')
  })

  it('keep their models from being deleted, also when their workspace is gone', async () => {
    catalog.identity.workspaces.set('gone', 'ws_gone').set('ws_gone', 'ws_gone')
    await catalog.create(path('gone'), { model: 'a' })
    const refused = await catalog.call('DELETE', '/v1/models/a')
    expect([refused.status, refused.body.error.code]).toEqual([409, 'in_use'])
    expect(refused.body.error.message).toContain('whitelist of workspace `ws_gone`')
    catalog.identity.workspaces.delete('gone')
    catalog.identity.workspaces.delete('ws_gone')
    expect((await catalog.call('DELETE', path('ws_gone', 'a'))).status).toBe(204)
    expect((await catalog.call('GET', path('ws_gone'))).body.error.code).toBe('workspace_not_found')
  })

  it('say nothing of a model whose provider serves another workspace alone', async () => {
    await catalog.create('/v1/providers', { name: 'own', type: 'sandbox', workspace: 'dev' })
    const { id } = await catalog.create('/v1/models', { name: 'secret', provider: 'own', free: true })
    const never = (await catalog.call('POST', path('prod'), { model: 'never' })).body.error.message
    for (const model of ['secret', id]) {
      const { status, body } = await catalog.call('POST', path('prod'), { model })
      expect([status, body.error.message]).toEqual([404, never.replace('never', model)])
      expect((await catalog.call('GET', path('prod', model))).status).toBe(404)
    }
    expect((await catalog.call('POST', path('dev'), { model: 'secret' })).status).toBe(201)
    await clear('dev')
  })

  it('go when their workspace is gone for good, and not while it can be restored', async () => {
    const watcher = new Watcher(catalog)
    await watcher.synced()
    catalog.identity.workspaces.set('ws_deleted', 'ws_deleted')
    const entry = await catalog.create<Entry>(path('ws_deleted'), { model: 'a' })
    const of = { name: 'left', workspace: 'ws_deleted' }
    const deployment = await catalog.create('/v1/deployments', { ...of, targets: [{ model: 'a' }] })
    const repository = await catalog.create('/v1/repositories', { ...of, providers: ['sandbox'] })
    const kept = await catalog.create<Entry>(path('dev'), { model: 'a' })
    catalog.identity.workspaces.delete('ws_deleted')
    await sleep(300)
    expect((await catalog.call('GET', path('ws_deleted', 'a'))).status).toBe(200)
    catalog.identity.gone.add('ws_deleted')
    const removals = () => watcher.batches.flatMap(({ removals }) => removals)
    for (const left of [entry, deployment, repository]) {
      await waitFor(() => removals().some(({ id }) => id === left.id))
    }
    expect((await catalog.call('GET', path('ws_deleted'))).status).toBe(404)
    expect((await catalog.call('GET', path('dev', 'a'))).body).toMatchObject({ id: kept.id })
    await clear('dev')
  })

  it('reach the gateways, and identity with all that decides', async () => {
    const watcher = new Watcher(catalog)
    await watcher.synced()
    const { id } = await catalog.create<Entry>(path('prod'), { model: 'a', rpm_limit: 5 })
    const seen = () => watcher.batches.flatMap(({ upserts }) => upserts).map((one) => one.whitelistEntry)
    await waitFor(() => seen().some((entry) => entry?.id === id && entry.rpmLimit === 5))
    const ask = (afterName: string, limit: number) =>
      catalog.references.listWorkspaceModels({
        ...{ organization: 'org_default', workspace: 'ws_prod', afterName, limit },
      })
    const { isWhitelisted, models } = await ask('', 2)
    expect([isWhitelisted, models.map(({ model }) => model?.name)]).toEqual([true, ['a', 'b']])
    expect(models[0]).toMatchObject({
      ...{ hasCredential: false, provider: { name: 'sandbox', type: 'sandbox' } },
      whitelistEntry: { id, available: true, rpmLimit: 5 },
    })
    expect(models[1]?.whitelistEntry).toBeUndefined()
    expect((await ask('b', 2)).models.map(({ model }) => model?.name)).toEqual(['vendor/c'])
    const inner = { name: 'inner', workspace: 'prod', targets: [{ model: 'a' }] }
    const { id: innerId } = await catalog.create('/v1/deployments', inner)
    const outer = { name: 'outer', workspace: 'prod', targets: [{ model: 'a' }] }
    await catalog.create('/v1/deployments', { ...outer, fallbacks: [{ deployment: 'inner' }] })
    const { deployments, targets } = await ask('b', 1)
    const [target] = targets
    expect(targets.map(({ model }) => model?.name)).toEqual(['a'])
    expect(target?.whitelistEntry).toMatchObject({ id })
    expect(target?.model?.prices.every(({ rates }) => rates.length === 0)).toBe(true)
    const leadsTo = [target?.model?.id]
    expect(deployments).toEqual(['inner', 'outer'].map((name) => ({ name, models: leadsTo })))
    for (const name of ['outer', innerId]) await catalog.call('DELETE', `/v1/deployments/${name}`)
    await catalog.call('DELETE', path('prod', 'a'))
    const removed = () => watcher.batches.flatMap(({ removals }) => removals)
    await waitFor(() => removed().some((one) => one.kind === 'whitelist_entry' && one.id === id))
    expect((await ask('', 1)).isWhitelisted).toBe(false)
    watcher.stop()
  })
})
