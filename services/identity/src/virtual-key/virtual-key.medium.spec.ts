import { isVirtualKey } from '@weir/secrets'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

interface Key {
  id: string
  key: string
  hint: string
}

describe('virtual keys', () => {
  let identity: RunningIdentity
  beforeAll(async () => {
    identity = await RunningIdentity.start()
    await identity.create('/v1/workspaces', { name: 'prod' })
    await identity.create('/v1/workspaces', { name: 'dev' })
    await identity.create('/v1/teams', { name: 'sales' })
    await identity.create('/v1/workloads', { id: 'bot', name: 'Bot', workspace: 'prod', models: ['*'] })
  })
  afterAll(() => identity.stop())

  const make = (more: object = {}) =>
    identity.create<Key>('/v1/keys', { name: 'k', workspace: 'prod', ...more })

  it('show their value at creation and never again', async () => {
    const created = await make({ team: 'sales', workload: 'bot' })
    expect(isVirtualKey(created.key)).toBe(true)
    expect(created.hint).toBe(`vk_…${created.key.slice(-4)}`)
    const { key, ...shown } = created
    const got = await identity.call('GET', `/v1/keys/${created.id}`)
    const listed = await identity.call('GET', '/v1/keys')
    const patched = await identity.call('PATCH', `/v1/keys/${created.id}`, { name: 'renamed' })
    expect(got.body).toEqual(shown)
    for (const { body } of [got, listed, patched]) {
      expect(JSON.stringify(body)).not.toContain(key)
      expect(JSON.stringify(body)).not.toMatch(/hash/i)
    }
  })

  it('have everything that the design gives them', async () => {
    const given = {
      ...{ name: 'full', workload: 'bot', team: 'sales', type: 'default', models: ['gpt-4o'] },
      ...{ endpoints: ['chat', 'embeddings'], expires_at: '2099-12-31T23:59:59.000Z', disabled: true },
      ...{ deployments: ['assistant'], repositories: [], source_networks: ['10.0.0.0/8', '::1'] },
      ...{ max_budget: '0.000000001', budget_duration: 'daily', rpm_limit: 1, tpm_limit: 2_000_000_000 },
    }
    expect(await make(given)).toMatchObject({ ...given, organization: 'org_default' })
    expect(await make()).toMatchObject({
      ...{ type: 'llm', workload: null, team: null, models: null, endpoints: null, expires_at: null },
      ...{ deployments: null, repositories: null, source_networks: null, last_used_at: null },
      ...{
        previous_value_until: null,
        disabled: false,
        max_budget: null,
        budget_duration: null,
        rpm_limit: null,
        tpm_limit: null,
      },
    })
  })

  it('name every mistake, and what is no field of theirs', async () => {
    const wrong = {
      ...{
        name: '',
        workspace: 7,
        workload: '',
        team: {},
        type: 'admin',
        models: [''],
        endpoints: ['chat', 'fly'],
      },
      ...{ expires_at: 'tomorrow', disabled: 'no', max_budget: '-1', budget_duration: 'yearly' },
      ...{ rpm_limit: 0, tpm_limit: 1.5, hash: 'x', key: 'vk_mine', deployments: 'all', repositories: [1] },
      ...{ source_networks: ['10.0.0.0/33'], last_used_at: 'now', previous_hash: 'x', organization: 'org_2' },
    }
    const { status, body } = await identity.call('POST', '/v1/keys', wrong)
    expect([status, body.error.code]).toEqual([400, 'invalid_request'])
    expect(body.error.errors?.map(({ field }) => field).sort()).toEqual(Object.keys(wrong).sort())
  })

  it.each([
    '2020-01-01T00:00:00Z',
    '2099-02-30T00:00:00Z',
    '2099-01-01',
    '2099-01-01T00:00:00',
    'January 1, 2099',
    4102444800,
    '',
  ])('refuse to expire at %j', async (moment) => {
    const answer = await identity.call('POST', '/v1/keys', {
      name: 'k',
      workspace: 'prod',
      expires_at: moment,
    })
    expect([answer.status, answer.body.error.param]).toEqual([400, 'expires_at'])
  })

  it('take times in any zone, and show them in UTC', async () => {
    expect(await make({ expires_at: '2099-06-01T02:00:00.5+02:00' })).toMatchObject({
      expires_at: '2099-06-01T00:00:00.500Z',
    })
  })

  it.each([
    [{ workspace: 'moon' }, 404, 'workspace_not_found', 'workspace'],
    [{ team: 'nobody' }, 404, 'team_not_found', 'team'],
    [{ workload: 'nobody' }, 404, 'workload_not_found', 'workload'],
    [{ workspace: 'dev', workload: 'bot' }, 400, 'invalid_request', 'workload'],
    [{ endpoints: [] }, 400, 'invalid_request', 'endpoints'],
  ])('refuse %j', async (more, status, code, param) => {
    const answer = await identity.call('POST', '/v1/keys', { name: 'k', workspace: 'prod', ...more })
    expect([answer.status, answer.body.error.code, answer.body.error.param]).toEqual([status, code, param])
  })

  it('are listed by workspace, team and workload', async () => {
    const { id: workspace } = await identity.create('/v1/workspaces', { name: 'lists' })
    await identity.create('/v1/teams', { name: 'lists' })
    await identity.create('/v1/workloads', { id: 'lists', name: 'x', workspace: 'lists', models: [] })
    const one = await make({ workspace: 'lists' })
    const two = await make({ workspace: 'lists', team: 'lists' })
    const three = await make({ workspace: 'lists', workload: 'lists' })
    const ids = async (query: string) => {
      const { body } = await identity.call<{ data: { id: string }[] }>('GET', `/v1/keys?${query}`)
      return body.data.map(({ id }) => id)
    }
    expect(await ids('workspace=lists')).toEqual([one.id, two.id, three.id])
    expect(await ids(`workspace=${workspace}&team=lists`)).toEqual([two.id])
    expect(await ids('workload=lists')).toEqual([three.id])
    expect(await ids('team=nobody')).toEqual([])
    expect(await ids('workspace=moon')).toEqual([])
  })

  it('are paged in the order in which they were made, while others are made', async () => {
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: { body: { data: { id: string }[]; next_cursor: string | null } } = await identity.call(
        'GET',
        `/v1/keys?limit=2${cursor ? `&cursor=${cursor}` : ''}`,
      )
      seen.push(...page.body.data.map(({ id }) => id))
      cursor = page.body.next_cursor
      if (seen.length < 6) await make()
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    const { rows } = await identity.sql.query<{ id: string }>('SELECT id FROM virtual_key ORDER BY id')
    expect(seen).toEqual(rows.map(({ id }) => id))
  })

  it('are changed, keep what is not sent, lose what is null', async () => {
    const { id } = await make({ team: 'sales', workload: 'bot', models: ['a'], rpm_limit: 5 })
    const change = {
      ...{ name: 'n', type: 'management', disabled: true, endpoints: ['chat'] },
      expires_at: '2098-01-01T00:00:00Z',
    }
    const changed = await identity.call('PATCH', `/v1/keys/${id}`, change)
    expect(changed.body).toMatchObject({
      ...change,
      expires_at: '2098-01-01T00:00:00.000Z',
      team: 'sales',
      rpm_limit: 5,
    })
    const nothing = {
      workload: null,
      team: null,
      models: null,
      endpoints: null,
      expires_at: null,
      rpm_limit: null,
    }
    expect((await identity.call('PATCH', `/v1/keys/${id}`, nothing)).body).toMatchObject(nothing)
  })

  it.each([
    [{ name: null }, 400, 'name'],
    [{ type: null }, 400, 'type'],
    [{ disabled: null }, 400, 'disabled'],
    [{ workspace: 'dev' }, 400, 'workspace'],
    [{ key: 'vk_mine' }, 400, 'key'],
    [{ team: 'nobody' }, 404, 'team'],
    [{ workload: 'nobody' }, 404, 'workload'],
  ])('refuse the change %j', async (change, status, param) => {
    const { id } = await make()
    const answer = await identity.call('PATCH', `/v1/keys/${id}`, change)
    expect([answer.status, answer.body.error.param]).toEqual([status, param])
  })

  it('get another value when they are rotated, and keep the rest', async () => {
    const created = await make({ team: 'sales' })
    const rotated = await identity.call<Key & { team: string }>('POST', `/v1/keys/${created.id}/rotate`)
    expect(rotated.status).toBe(201)
    expect(rotated.body).toMatchObject({
      id: created.id,
      team: 'sales',
      hint: `vk_…${rotated.body.key.slice(-4)}`,
    })
    expect(rotated.body.key).not.toBe(created.key)
    expect((await identity.call('POST', '/v1/keys/key_none/rotate')).body.error.code).toBe('key_not_found')
  })

  it('say until when the value before works', async () => {
    const { id } = await make()
    const rotate = (body: object) =>
      identity.call<{ previous_value_until: string | null }>('POST', `/v1/keys/${id}/rotate`, body)
    const before = Date.now()
    const { body } = await rotate({ grace_period_s: 60 })
    const left = Date.parse(body.previous_value_until ?? '') - before
    expect(left).toBeGreaterThanOrEqual(60_000)
    expect(left).toBeLessThan(65_000)
    expect((await rotate({})).body.previous_value_until).toBeNull()
    for (const grace of [-1, 1.5, 2_592_001, '60']) {
      expect((await rotate({ grace_period_s: grace })).status).toBe(400)
    }
  })

  it.each([[[]], [['moon']], [['10.0.0.0/8', '10.0.0.0/8']], [['10.0.0.0/8', 7]], ['10.0.0.0/8']])(
    'are not limited to the networks %j',
    async (networks) => {
      const body = { name: 'k', workspace: 'prod', source_networks: networks }
      const answer = await identity.call('POST', '/v1/keys', body)
      expect([answer.status, answer.body.error.param]).toEqual([400, 'source_networks'])
    },
  )

  it('know when they and their workload were last used, which is no change', async () => {
    const { id } = await make({ workload: 'bot' })
    const shown = async (path: string) =>
      (await identity.call<{ last_used_at: string | null; updated_at: string }>('GET', path)).body
    const before = await shown(`/v1/keys/${id}`)
    const use = (usedAtMs: number, virtualKey = id, organization = 'org_default') =>
      identity.keys.reportVirtualKeyUses({
        uses: [{ organization, virtualKey, workload: 'bot', usedAtMs: String(usedAtMs) }],
      })
    const at = Date.parse('2030-01-01T00:00:00.123Z')
    await use(at)
    await use(at - 1_000)
    await use(at + 1_000, 'key_unknown', 'org_other')
    const after = await shown(`/v1/keys/${id}`)
    expect(after).toEqual({ ...before, last_used_at: '2030-01-01T00:00:00.123Z' })
    expect((await shown('/v1/workloads/bot')).last_used_at).toBe('2030-01-01T00:00:00.123Z')
    const twice = [at + 2_000, at + 3_000].map((ms) => ({
      ...{ organization: 'org_default', virtualKey: id, workload: '', usedAtMs: String(ms) },
    }))
    await identity.keys.reportVirtualKeyUses({ uses: twice })
    expect((await shown(`/v1/keys/${id}`)).last_used_at).toBe('2030-01-01T00:00:03.123Z')
  })

  it('are gone when they are deleted', async () => {
    const { id } = await make()
    expect((await identity.call('DELETE', `/v1/keys/${id}`)).status).toBe(204)
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await identity.call(method, `/v1/keys/${id}`)
      expect([status, body.error.code]).toEqual([404, 'key_not_found'])
    }
  })
})
