import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningIdentity } from '../testing/running-identity.js'

describe('teams', () => {
  let identity: RunningIdentity
  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  const mistakes = async (method: string, path: string, body: unknown) => {
    const answer = await identity.call(method, path, body)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_request'])
    return answer.body.error.errors?.map(({ field }) => field)
  }

  it('are created with what they are given, and shown so', async () => {
    await identity.create('/v1/teams', { name: 'sales' })
    const given = {
      ...{ name: 'sales-emea', parent: 'sales', models: ['gpt-4o', 'a/b:c'] },
      ...{ max_budget: '100.50', budget_duration: 'monthly', tpm_limit: 1000, rpm_limit: 10 },
    }
    const created = await identity.create('/v1/teams', given)
    const expected = { ...given, id: 'sales-emea', organization: 'org_default', max_budget: '100.5' }
    expect(created).toMatchObject(expected)
    const { status, body } = await identity.call('GET', '/v1/teams/sales-emea')
    expect(status).toBe(200)
    expect(body).toEqual(created)
  })

  it('may be named with every character that the rules allow', async () => {
    const names = ['a', '7', 'A.b_c-d+e@f', 'sales@acme.com', 'x'.repeat(200)]
    for (const name of names) {
      expect(await identity.create('/v1/teams', { name })).toMatchObject({ id: name, name })
      expect((await identity.call('GET', `/v1/teams/${encodeURIComponent(name)}`)).status).toBe(200)
    }
  })

  it.each([
    '',
    '.a',
    'a.',
    '-a',
    'a-',
    '_',
    'a b',
    'ä',
    'a/b',
    "a'b",
    'a\u0000b',
    'a\nb',
    'x'.repeat(201),
    7,
    null,
    ['a'],
  ])('may not be named %j', async (name) =>
    expect(await mistakes('POST', '/v1/teams', { name })).toEqual(['name']),
  )

  it('name every mistake at once, with its field', async () => {
    const wrong = {
      ...{ name: 'x y', parent: 5, models: 'all', max_budget: 10, budget_duration: 'yearly' },
      ...{
        tpm_limit: -1,
        rpm_limit: '10',
        is_admin: true,
        id: 'x',
        organization: 'org_other',
        created_at: 'now',
      },
    }
    expect((await mistakes('POST', '/v1/teams', wrong))?.sort()).toEqual(Object.keys(wrong).sort())
  })

  it.each([['-1'], ['1e3'], ['1.0000000001'], ['1,5'], ['NaN'], ['Infinity'], [''], ['10000000000'], [1]])(
    'refuse %j as a budget',
    async (amount) =>
      expect(await mistakes('POST', '/v1/teams', { name: 'rich', max_budget: amount })).toEqual([
        'max_budget',
      ]),
  )

  it('keep a budget to the nano-dollar', async () => {
    const team = { name: 'exact', max_budget: '123456789.123456789' }
    expect(await identity.create('/v1/teams', team)).toMatchObject(team)
  })

  it('are told apart by name', async () => {
    await identity.create('/v1/teams', { name: 'twice' })
    const { status, body } = await identity.call('POST', '/v1/teams', { name: 'twice' })
    expect([status, body.error.code, body.error.param]).toEqual([409, 'already_exists', 'name'])
  })

  it('stand below teams that there are', async () => {
    const { status, body } = await identity.call('POST', '/v1/teams', { name: 'orphan', parent: 'nobody' })
    expect([status, body.error.code]).toEqual([404, 'team_not_found'])
    expect(body.error.message).toContain('`nobody`')
    expect((await identity.call('GET', '/v1/teams/orphan')).status).toBe(404)
  })

  it('never stand below themselves, near or far', async () => {
    await identity.create('/v1/teams', { name: 'top' })
    await identity.create('/v1/teams', { name: 'middle', parent: 'top' })
    await identity.create('/v1/teams', { name: 'bottom', parent: 'middle' })
    expect(await mistakes('PATCH', '/v1/teams/top', { parent: 'top' })).toEqual(['parent'])
    expect(await mistakes('PATCH', '/v1/teams/top', { parent: 'bottom' })).toEqual(['parent'])
    expect(await mistakes('POST', '/v1/teams', { name: 'self', parent: 'self' })).toEqual(['parent'])
  })

  it('make no circle when two are moved at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const [left, right] = [`left-${round}`, `right-${round}`]
      await identity.create('/v1/teams', { name: left })
      await identity.create('/v1/teams', { name: right })
      const answers = await Promise.all([
        identity.call('PATCH', `/v1/teams/${left}`, { parent: right }),
        identity.call('PATCH', `/v1/teams/${right}`, { parent: left }),
      ])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    }
  })

  it('have at most ten levels, also when a tree of them is moved', async () => {
    for (let level = 1; level <= 10; level++) {
      await identity.create('/v1/teams', { name: `l${level}`, ...(level > 1 && { parent: `l${level - 1}` }) })
    }
    expect(await mistakes('POST', '/v1/teams', { name: 'l11', parent: 'l10' })).toEqual(['parent'])
    await identity.create('/v1/teams', { name: 'm1' })
    await identity.create('/v1/teams', { name: 'm2', parent: 'm1' })
    expect(await mistakes('PATCH', '/v1/teams/m1', { parent: 'l9' })).toEqual(['parent'])
    expect((await identity.call('PATCH', '/v1/teams/m1', { parent: 'l8' })).status).toBe(200)
  })

  it('change what is sent, keep what is not, lose what is null', async () => {
    await identity.create('/v1/teams', { name: 'changing', models: ['a'], max_budget: '5', rpm_limit: 3 })
    const { body } = await identity.call('PATCH', '/v1/teams/changing', { models: null, rpm_limit: 4 })
    expect(body).toMatchObject({ models: null, rpm_limit: 4, max_budget: '5' })
    expect(new Date(String(body.updated_at)) > new Date(String(body.created_at))).toBe(true)
    expect(await mistakes('PATCH', '/v1/teams/changing', { name: 'other' })).toEqual(['name'])
    for (const nothing of ['[]', 'null', '"x"', '7']) {
      expect((await identity.call('PATCH', '/v1/teams/changing', nothing)).status).toBe(400)
    }
  })

  it('are listed by name, a page at a time, without gaps or doubles', async () => {
    const all: string[] = []
    let cursor = ''
    do {
      const { status, body } = await identity.call<{
        data: { id: string }[]
        has_more: boolean
        next_cursor: string
      }>('GET', `/v1/teams?limit=7${cursor && `&cursor=${cursor}`}`)
      expect(status).toBe(200)
      expect(body.data.length).toBeLessThanOrEqual(7)
      expect(body.has_more).toBe(body.next_cursor !== null)
      all.push(...body.data.map(({ id }) => id))
      cursor = body.next_cursor
    } while (cursor)
    const { rows } = await identity.sql.query<{ id: string }>('SELECT id FROM team ORDER BY id')
    expect(all).toEqual(rows.map(({ id }) => id))
  })

  it('are listed below a team alone when asked so', async () => {
    const { body } = await identity.call<{ data: { id: string }[] }>('GET', '/v1/teams?parent=top')
    expect(body.data.map(({ id }) => id)).toEqual(['middle'])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=%27%3B--', 'cursor'],
    [`cursor=${Buffer.from('["a\\u0000"]').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('[{"$gt":""}]').toString('base64url')}`, 'cursor'],
    ['order=name', 'order'],
  ])('refuse the query %s', async (query, field) => {
    const { status, body } = await identity.call('GET', `/v1/teams?${query}`)
    expect([status, body.error.param]).toEqual([400, field])
  })

  it('do not take SQL or wildcards for anything but names', async () => {
    for (const text of ["' OR 1=1 --", '%', '_', "'; DROP TABLE team; --", '$1', '\\']) {
      const found = await identity.call<{ data: unknown[] }>(
        'GET',
        `/v1/teams?parent=${encodeURIComponent(text)}`,
      )
      expect([found.status, found.body.data]).toEqual([200, []])
      expect((await identity.call('GET', `/v1/teams/${encodeURIComponent(text)}`)).status).toBe(404)
      expect((await identity.call('DELETE', `/v1/teams/${encodeURIComponent(text)}`)).status).toBe(404)
    }
    expect((await identity.call('GET', '/v1/teams/%00')).status).toBe(400)
  })

  it('are deleted when nothing uses them, else it is said what does', async () => {
    const inUse = await identity.call('DELETE', '/v1/teams/middle')
    expect([inUse.status, inUse.body.error.code]).toEqual([409, 'in_use'])
    expect(inUse.body.error.message).toContain('team `bottom`')
    expect((await identity.call('DELETE', '/v1/teams/bottom')).status).toBe(204)
    expect((await identity.call('DELETE', '/v1/teams/middle')).status).toBe(204)
    expect((await identity.call('DELETE', '/v1/teams/middle')).status).toBe(404)
    expect((await identity.call('PATCH', '/v1/teams/middle', {})).status).toBe(404)
  })

  it('name ten users at most, and that there are others', async () => {
    await identity.create('/v1/teams', { name: 'crowded' })
    for (let i = 0; i < 12; i++) await identity.create('/v1/teams', { name: `crowd-${i}`, parent: 'crowded' })
    const { body } = await identity.call('DELETE', '/v1/teams/crowded')
    expect(body.error.message.match(/team `crowd-/g)).toHaveLength(10)
    expect(body.error.message).toContain('and others')
  })

  it('never leave a virtual key behind that names a deleted one', async () => {
    await identity.create('/v1/workspaces', { name: 'race' })
    for (let round = 0; round < 15; round++) {
      const team = `short-lived-${round}`
      await identity.create('/v1/teams', { name: team })
      const [created, deleted] = await Promise.all([
        identity.call('POST', '/v1/keys', { name: 'racer', workspace: 'race', team }),
        identity.call('DELETE', `/v1/teams/${team}`),
      ])
      const outcome = [created.status, deleted.status].join()
      expect(['201,409', '404,204']).toContain(outcome)
      if (created.status === 404) expect(created.body.error.code).toBe('team_not_found')
    }
    const { rows } = await identity.sql.query(
      'SELECT 1 FROM virtual_key k LEFT JOIN team t ON t.id = k.team WHERE k.team IS NOT NULL AND t.id IS NULL',
    )
    expect(rows).toEqual([])
  })
})
