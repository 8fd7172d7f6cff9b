import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCatalog } from '../testing/running-catalog.js'
import { Watcher } from '../testing/watcher.js'

interface Deployment {
  id: string
  name: string
}

describe('deployments', () => {
  let catalog: RunningCatalog
  beforeAll(async () => {
    catalog = await RunningCatalog.start()
    catalog.identity.workspaces.set('dev', 'ws_dev').set('ws_dev', 'ws_dev')
    await catalog.create('/v1/providers', { name: 'sandbox', type: 'sandbox' })
    await catalog.create('/v1/providers', { name: 'of-dev', type: 'sandbox', workspace: 'dev' })
    for (const name of ['a', 'b', 'c']) {
      await catalog.create('/v1/models', { name, provider: 'sandbox', free: true })
    }
    await catalog.create('/v1/models', { name: 'dev-only', provider: 'of-dev', free: true })
  })
  afterAll(() => catalog.stop())

  const path = '/v1/deployments'
  let count = 0
  const make = (more: object = {}) =>
    catalog.create<Deployment>(path, {
      ...{ name: `alias-${++count}`, workspace: 'prod', targets: [{ model: 'a' }] },
      ...more,
    })
  const refusal = async (method: string, at: string, body?: object) => {
    const answer = await catalog.call(method, at, body)
    return [answer.status, answer.body.error?.code, answer.body.error?.param]
  }

  it('have what is usual unless they say more', async () => {
    const made = await make({ name: 'plain' })
    expect(made).toMatchObject({
      ...{ object: 'deployment', name: 'plain', workspace: 'ws_prod', strategy: 'weighted_round_robin' },
      targets: [{ model: 'a', weight: 1, priority: 0 }],
      ...{ fallbacks: [], rules: [], plugins: [], sticky: null, cache: null, join_identical: false },
      ...{ retries: { max: 3, budget_ratio: 0.5 }, timeout_ms: null, hedge_after_ms: null },
      health: { consecutive_failures: 5, eject_for_ms: 30_000, check_interval_ms: null },
    })
    expect(made.id).toMatch(/^dep_[0-9a-z]{26}$/)
    for (const key of [made.id, 'plain']) {
      expect((await catalog.call('GET', `${path}/${key}`)).body).toEqual(made)
    }
  })

  it('keep all that they say, change what is sent, and go', async () => {
    const other = await make({ name: 'large' })
    const said = {
      strategy: 'least_latency',
      fallbacks: [
        { model: 'c', deployment: null, on: 'content_filter' },
        { model: null, deployment: 'large', on: 'context_window_exceeded' },
      ],
      retries: { max: 0, budget_ratio: 0.5 },
      ...{ timeout_ms: 5_000, hedge_after_ms: 300, join_identical: true },
      ...{ sticky: { by: 'header', header: 'x-session' }, cache: { enabled: true, ttl_s: 60 } },
      health: { consecutive_failures: 2, eject_for_ms: 500, check_interval_ms: 5_000 },
    }
    const targets = [
      { model: 'a', weight: 0.7, priority: 0 },
      { model: 'b', weight: 0.3, priority: 1 },
    ]
    const sent = {
      fallbacks: [
        { model: 'c', on: 'content_filter' },
        { deployment: other.id, on: 'context_window_exceeded' },
      ],
    }
    const rules = [
      { when: 'input_tokens > 1000', model: 'b' },
      { when: 'has_tools', targets: [{ model: 'c', weight: 2 }] },
    ]
    const sticky = { by: 'header', header: 'X-Session' }
    const made = await make({ ...said, ...sent, sticky, targets, rules })
    expect(made).toMatchObject({ ...said, targets })
    expect(made).toMatchObject({
      rules: [
        { when: 'input_tokens > 1000', targets: [{ model: 'b', weight: 1, priority: 0 }] },
        { when: 'has_tools', targets: [{ model: 'c', weight: 2, priority: 0 }] },
      ],
    })
    const change = {
      rules: [],
      sticky: null,
      cache: null,
      retries: null,
      timeout_ms: null,
      strategy: 'least_cost',
    }
    const { body } = await catalog.call('PATCH', `${path}/${made.id}`, change)
    expect(body).toMatchObject({ ...said, ...change, retries: { max: 3, budget_ratio: 0.5 }, targets })
    expect((await catalog.call('DELETE', `${path}/${made.id}`)).status).toBe(204)
    expect(await refusal('GET', `${path}/${made.id}`)).toEqual([404, 'deployment_not_found', null])
  })

  it.each<[object, string]>([
    [{ targets: [] }, 'targets'],
    [{ targets: [{ model: 'a', weight: -1 }] }, 'targets.0.weight'],
    [{ targets: [{ model: 'a', weight: 0 }] }, 'targets'],
    [{ targets: [{ model: 'a' }, { model: 'a' }] }, 'targets.1.model'],
    [{ targets: ['a'] }, 'targets'],
    [{ targets: [{ model: 'a', api_base: 'x' }] }, 'targets.0.api_base'],
    [{ strategy: 'random' }, 'strategy'],
    [{ rules: [{ when: 'nonsense ==', model: 'a' }] }, 'rules.0.when'],
    [{ rules: [{ when: 'input_tokens', model: 'a' }] }, 'rules.0.when'],
    [{ rules: [{ when: 'model.matches("(a+)+$")', model: 'a' }] }, 'rules.0.when'],
    [{ rules: [{ when: 'stream' }] }, 'rules.0'],
    [{ fallbacks: [{}] }, 'fallbacks.0'],
    [{ fallbacks: [{ model: 'a', on: 'rain' }] }, 'fallbacks.0.on'],
    [{ sticky: { by: 'header' } }, 'sticky.header'],
    [{ sticky: { by: 'header', header: 'Authorization' } }, 'sticky.header'],
    [{ plugins: [{ name: 'nonsense', settings: {} }] }, 'plugins.0.name'],
    [{ retries: { max: 1000 } }, 'retries.max'],
    [{ timeout_ms: 0 }, 'timeout_ms'],
    [{ name: 'two words' }, 'name'],
    [{ name: '*' }, 'name'],
    [{ organization: 'org_other' }, 'organization'],
  ])('refuse %j', async (wrong, field) => {
    const body = { name: `wrong-${++count}`, workspace: 'prod', targets: [{ model: 'a' }], ...wrong }
    const answer = await catalog.call('POST', path, body)
    expect(answer.status).toBe(400)
    const fields = answer.body.error.errors?.map((mistake) => mistake.field) ?? [answer.body.error.param]
    expect(fields).toContain(field)
  })

  it('name models that their workspace may use', async () => {
    const of = (model: string, workspace = 'prod') =>
      refusal('POST', path, { name: `m-${++count}`, workspace, targets: [{ model }] })
    expect(await of('none')).toEqual([404, 'model_not_found', 'targets.0.model'])
    expect(await of('dev-only')).toEqual([404, 'model_not_found', 'targets.0.model'])
    expect((await of('dev-only', 'dev'))[0]).toBe(201)
    await catalog.create('/v1/workspaces/dev/models', { model: 'b' })
    expect(await of('a', 'dev')).toEqual([400, 'invalid_request', 'targets.0.model'])
    expect((await of('b', 'dev'))[0]).toBe(201)
    await catalog.call('DELETE', '/v1/workspaces/dev/models/b')
  })

  it('have a name that no model of their workspace has, and no other deployment there', async () => {
    const of = (name: string, workspace = 'prod') =>
      refusal('POST', path, { name, workspace, targets: [{ model: 'a' }] })
    expect(await of('b')).toEqual([409, 'already_exists', 'name'])
    await make({ name: 'once' })
    expect(await of('once')).toEqual([409, 'already_exists', 'name'])
    expect((await of('once', 'dev'))[0]).toBe(201)
    expect(await of('dev-only', 'dev')).toEqual([409, 'already_exists', 'name'])
    expect((await of('dev-only'))[0]).toBe(201)
    const model = { name: 'once', provider: 'sandbox', free: true }
    expect(await refusal('POST', '/v1/models', model)).toEqual([409, 'already_exists', 'name'])
    expect(await refusal('PATCH', '/v1/models/c', { name: 'once' })).toEqual([409, 'already_exists', 'name'])
    expect(await refusal('GET', `${path}/once`)).toEqual([400, 'invalid_request', null])
  })

  it('and models never both get a name, also when they are made at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `race-${round}`
      const answers = await Promise.all([
        catalog.call('POST', path, { name, workspace: 'prod', targets: [{ model: 'a' }] }),
        catalog.call('POST', '/v1/models', { name, provider: 'sandbox', free: true }),
      ])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    }
  })

  it('do not fall back in a circle', async () => {
    const first = await make()
    const second = await make({ fallbacks: [{ deployment: first.id }] })
    const third = await make({ fallbacks: [{ deployment: second.name }] })
    for (const id of [first.id, second.id, third.id]) {
      expect(await refusal('PATCH', `${path}/${first.id}`, { fallbacks: [{ deployment: id }] })).toEqual([
        ...[400, 'invalid_request', 'fallbacks.0.deployment'],
      ])
    }
    expect(await refusal('DELETE', `${path}/${first.id}`)).toEqual([409, 'in_use', null])
    const both = await Promise.all([
      catalog.call('PATCH', `${path}/${first.id}`, { fallbacks: [{ deployment: (await make()).id }] }),
      make({ fallbacks: [{ deployment: first.id }] }),
    ])
    expect(both[0].status).toBe(200)
  })

  it('keep their models, and are kept by the virtual keys that name them', async () => {
    await catalog.create('/v1/models', { name: 'needed', provider: 'sandbox', free: true })
    const { id, name } = await make({ rules: [{ when: 'stream', model: 'needed' }] })
    expect(await refusal('DELETE', '/v1/models/needed')).toEqual([409, 'in_use', null])
    catalog.identity.users.set(name, ['virtual key `key_1`'])
    expect(await refusal('DELETE', `${path}/${id}`)).toEqual([409, 'in_use', null])
    expect(await refusal('PATCH', `${path}/${id}`, { name: 'other-name' })).toEqual([409, 'in_use', null])
    catalog.identity.users.delete(name)
    await catalog.call('DELETE', `${path}/${id}`)
    expect((await catalog.call('DELETE', '/v1/models/needed')).status).toBe(204)
  })

  it('are listed by workspace, a page at a time', async () => {
    interface Page {
      data: Deployment[]
      next_cursor: string | null
    }
    catalog.identity.workspaces.set('list', 'ws_list').set('ws_list', 'ws_list')
    for (const name of ['one', 'two', 'three']) await make({ name, workspace: 'list' })
    const first = (await catalog.call<Page>('GET', `${path}?workspace=ws_list&limit=2`)).body
    const rest = await catalog.call<Page>(
      'GET',
      `${path}?workspace=ws_list&limit=2&cursor=${first.next_cursor}`,
    )
    expect([...first.data, ...rest.body.data].map(({ name }) => name)).toEqual(['one', 'two', 'three'])
    const references = await catalog.references.listReferences({
      ...{ organization: 'org_default', workspace: 'ws_list' },
    })
    expect(references.users).toContain('deployment `one`')
  })

  it('are for nobody without a credential', async () => {
    for (const [method, at] of [
      ['GET', path],
      ['POST', path],
      ['PATCH', `${path}/x`],
      ['DELETE', `${path}/x`],
    ] as const) {
      expect((await catalog.call(method, at, method === 'GET' ? undefined : {}, {})).status).toBe(401)
    }
  })

  it('reach the gateways within a second, with ids in place of names', async () => {
    const watcher = new Watcher(catalog)
    await watcher.synced()
    const { id } = await make({
      ...{ targets: [{ model: 'a', weight: 0.25, priority: 3 }], cache: {}, sticky: { by: 'user' } },
      ...{ rules: [{ when: 'stream', model: 'b' }], fallbacks: [{ model: 'c' }] },
    })
    await waitFor(() => watcher.deployments.has(id), { timeoutMs: 1_000 })
    const { body } = await catalog.call<{ id: string }>('GET', '/v1/models/a')
    expect(watcher.deployments.get(id)).toMatchObject({
      ...{ workspace: 'ws_prod', strategy: 'weighted_round_robin', retries: { max: 3, budgetRatio: 0.5 } },
      targets: [{ model: body.id, weight: 250, priority: 3 }],
      ...{ cache: { enabled: true, ttlS: 0 }, sticky: { by: 'user', header: '' } },
      rules: [{ when: 'stream', targets: [{ weight: 1_000 }] }],
      fallbacks: [{ deployment: '', on: 'any' }],
      health: { consecutiveFailures: 5, ejectMs: 30_000, checkIntervalMs: 0 },
    })
    await catalog.call('DELETE', `${path}/${id}`)
    await waitFor(() => !watcher.deployments.has(id), { timeoutMs: 1_000 })
    watcher.stop()
  })
})
