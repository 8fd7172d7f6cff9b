import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnyBody, type Answer, RunningIdentity } from '../testing/running-identity.js'

const password = 'correct horse battery'

type Headers = Record<string, string>
interface Rows {
  data: { id: string; name: string; user: string; role: string }[]
}

let identity: RunningIdentity
let own: string
let foreign: string

beforeAll(async () => {
  identity = await RunningIdentity.start()
  own = (await identity.create('/v1/workspaces', { name: 'own' })).id
  foreign = (await identity.create('/v1/workspaces', { name: 'foreign' })).id
})
afterAll(() => identity.stop())

let users = 0

/** A user with a role in the workspace `own`, signed in. */
async function personWith(
  role: string | undefined,
  organizationRoles: string[] = [],
): Promise<{ id: string; headers: Headers }> {
  const email = `person${++users}@example.com`
  const { id } = await identity.create('/v1/users', {
    ...{ email, name: email, password, organization_roles: organizationRoles },
  })
  if (role) await identity.create(`/v1/workspaces/${own}/members`, { user: id, role })
  return { id, headers: await signIn(email) }
}

async function signIn(email: string): Promise<Headers> {
  const { body } = await identity.call('POST', '/v1/sessions', { email, password }, {})
  return { authorization: `Bearer ${String(body['session'])}` }
}

const errorOf = ({ status, body }: Answer<AnyBody>) => [status, body.error?.code]
const rowsOf = async (path: string, headers: Headers) =>
  (await identity.call<Rows & AnyBody>('GET', path, undefined, headers)).body.data

describe('a member', () => {
  it('sees its workspaces alone, and others’ ids are not found', async () => {
    const { headers } = await personWith('member')
    for (const workspace of ['own', 'foreign']) {
      await identity.create('/v1/workloads', { name: `bot ${workspace}`, workspace, models: ['*'] })
      await identity.create('/v1/keys', { name: `key ${workspace}`, workspace })
    }
    expect((await rowsOf('/v1/workspaces', headers)).map(({ id }) => id)).toEqual([own])
    expect((await rowsOf('/v1/workloads', headers)).map(({ name }) => name)).toEqual(['bot own'])
    expect((await rowsOf('/v1/keys', headers)).map(({ name }) => name)).toEqual(['key own'])
    expect(await rowsOf('/v1/keys?workspace=foreign', headers)).toEqual([])
    for (const key of [foreign, 'foreign']) {
      expect(errorOf(await identity.call('GET', `/v1/workspaces/${key}`, undefined, headers))).toEqual([
        404,
        'workspace_not_found',
      ])
      expect((await identity.call('GET', `/v1/workspaces/${key}/members`, undefined, headers)).status).toBe(
        404,
      )
    }
  })

  it('pages through its workspaces', async () => {
    const { id, headers } = await personWith('viewer')
    const { id: third } = await identity.create('/v1/workspaces', { name: 'third' })
    await identity.create(`/v1/workspaces/${third}/members`, { user: id, role: 'viewer' })
    const first = await identity.call('GET', '/v1/workspaces?limit=1', undefined, headers)
    expect(first.body).toMatchObject({ data: [{ id: own }], has_more: true })
    const next = await identity.call(
      'GET',
      `/v1/workspaces?limit=1&cursor=${String(first.body['next_cursor'])}`,
      undefined,
      headers,
    )
    expect(next.body).toMatchObject({ data: [{ id: third }], has_more: false })
  })
})

describe('threat 8: nobody makes more than they are', () => {
  it('an admin of a workspace makes no owner, and neither changes nor removes one', async () => {
    const admin = await personWith('admin')
    const owner = await personWith('owner')
    const other = await personWith(undefined)
    const members = `/v1/workspaces/${own}/members`
    for (const answer of [
      await identity.call('POST', members, { user: other.id, role: 'owner' }, admin.headers),
      await identity.call('PATCH', `${members}/${owner.id}`, { role: 'viewer' }, admin.headers),
      await identity.call('PATCH', `${members}/${admin.id}`, { role: 'owner' }, admin.headers),
      await identity.call('DELETE', `${members}/${owner.id}`, undefined, admin.headers),
      await identity.call(
        'POST',
        `/v1/workspaces/${own}/invitations`,
        { email: 'x@y.z', role: 'owner' },
        admin.headers,
      ),
    ])
      expect(errorOf(answer)).toEqual([403, 'permission_denied'])
    expect(
      (await identity.call('POST', members, { user: other.id, role: 'admin' }, admin.headers)).status,
    ).toBe(201)
  })

  it('an admin of the organization makes no owner of it, and gets no owner’s password', async () => {
    const admin = await personWith(undefined, ['admin'])
    const owner = await personWith(undefined, ['owner'])
    const user = { email: 'new@example.com', name: 'new', password, organization_roles: ['owner'] }
    for (const answer of [
      await identity.call('POST', '/v1/users', user, admin.headers),
      await identity.call('PATCH', `/v1/users/${admin.id}`, { organization_roles: ['owner'] }, admin.headers),
      await identity.call('PATCH', `/v1/users/${owner.id}`, { password: `${password}!` }, admin.headers),
      await identity.call('DELETE', `/v1/users/${owner.id}`, undefined, admin.headers),
      await identity.call(
        'POST',
        '/v1/service-accounts',
        { name: 'robot', organization_roles: ['owner'] },
        admin.headers,
      ),
    ])
      expect(errorOf(answer)).toEqual([403, 'permission_denied'])
  })

  it('an owner of a workspace does not raise the limits that the organization has set for it', async () => {
    const owner = await personWith('owner')
    const path = `/v1/workspaces/${own}`
    const raised = await identity.call('PATCH', path, { rpm_limit: 1_000_000 }, owner.headers)
    expect(errorOf(raised)).toEqual([403, 'permission_denied'])
    expect((await identity.call('PATCH', path, { description: 'y' }, owner.headers)).status).toBe(200)
  })

  it('takes no role, organization, spend or maker from a body by mass assignment', async () => {
    const admin = await personWith('admin')
    const bodies: [string, string, object][] = [
      ['POST', '/v1/keys', { name: 'k', workspace: own, organization: 'org_other', role: 'owner' }],
      ['POST', '/v1/keys', { name: 'k', workspace: own, made_by: 'master_key', spend: 0 }],
      ['PATCH', `/v1/workspaces/${own}`, { organization: 'org_other' }],
      [
        'POST',
        `/v1/workspaces/${own}/members`,
        { user: admin.id, role: 'viewer', organization_roles: ['owner'] },
      ],
      ['POST', `/v1/workspaces/${own}/invitations`, { email: 'a@b.c', role: 'viewer', workspace: foreign }],
    ]
    for (const [method, path, body] of bodies) {
      const answer = await identity.call(method, path, body, admin.headers)
      expect(errorOf(answer)).toEqual([400, 'invalid_request'])
    }
    const signUp = { email: 'mass@example.com', password, organization_roles: ['owner'] }
    expect((await identity.call('POST', '/v1/sessions', signUp, {})).status).toBe(400)
  })

  it('a management key has its maker’s role in its workspace, and loses it with the maker', async () => {
    const admin = await personWith('admin')
    const made = await identity.call<AnyBody & { id: string; key: string }>(
      ...([
        'POST',
        '/v1/keys',
        { name: 'manager', workspace: own, type: 'management' },
        admin.headers,
      ] as const),
    )
    const headers = { authorization: `Bearer ${made.body.key}` }
    const current = () => identity.call('GET', '/v1/sessions/current', undefined, headers)
    expect((await current()).body).toMatchObject({
      ...{ kind: 'management_key', organization_roles: [] },
      workspace_roles: [{ workspace: own, role: 'admin' }],
    })
    expect(
      (await identity.call('POST', '/v1/workloads', { name: 'made', workspace: own, models: [] }, headers))
        .status,
    ).toBe(201)
    expect(
      (
        await identity.call(
          'POST',
          '/v1/workloads',
          { name: 'made', workspace: foreign, models: [] },
          headers,
        )
      ).status,
    ).toBe(404)
    expect((await identity.call('POST', '/v1/teams', { name: 'mine' }, headers)).status).toBe(403)
    expect((await identity.call('DELETE', `/v1/workspaces/${own}`, undefined, headers)).status).toBe(403)
    await identity.call('PATCH', `/v1/workspaces/${own}/members/${admin.id}`, { role: 'viewer' })
    expect((await current()).body).toMatchObject({ workspace_roles: [{ role: 'viewer' }] })
    await identity.call('DELETE', `/v1/workspaces/${own}/members/${admin.id}`)
    expect((await current()).body).toMatchObject({ workspace_roles: [] })
    expect((await identity.call('GET', '/v1/workloads', undefined, headers)).status).toBe(403)
  })

  it('nobody takes over a managing key that is above them, nor makes an inference key manage', async () => {
    const admin = await personWith('admin')
    const { id } = await identity.create('/v1/keys', { name: 'owner’s', workspace: own, type: 'default' })
    for (const [method, path, body] of [
      ['POST', `/v1/keys/${id}/rotate`, {}],
      ['PATCH', `/v1/keys/${id}`, { expires_at: null }],
      ['DELETE', `/v1/keys/${id}`, undefined],
    ] as const)
      expect(errorOf(await identity.call(method, path, body, admin.headers))).toEqual([
        403,
        'permission_denied',
      ])
    const llm = await identity.create<{ key: string }>('/v1/keys', { name: 'llm', workspace: own })
    const answer = await identity.call('GET', '/v1/keys', undefined, { 'x-api-key': llm.key })
    expect(errorOf(answer)).toEqual([403, 'endpoint_not_allowed'])
  })
})

describe('an invitation', () => {
  const invite = (email: string, role = 'member') =>
    identity.create<{ id: string; link: string }>(`/v1/workspaces/${own}/invitations`, { email, role })

  it('makes a new user a member by its link, once', async () => {
    const { link } = await invite('Guest@Example.com', 'admin')
    expect(link).toMatch(/^\/v1\/invitations\/join_[\w-]{43}$/)
    expect((await identity.call('GET', link, undefined, {})).body).toMatchObject({
      email: 'guest@example.com',
      role: 'admin',
    })
    expect((await identity.call('POST', link, { password: 'short' }, {})).status).toBe(400)
    const answers = await Promise.all(
      [1, 2].map(() => identity.call('POST', link, { password, name: 'Guest' }, {})),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404])
    expect((await identity.call('GET', link, undefined, {})).status).toBe(404)
    const current = await identity.call(
      'GET',
      '/v1/sessions/current',
      undefined,
      await signIn('guest@example.com'),
    )
    expect(current.body).toMatchObject({
      organization_roles: [],
      workspace_roles: [{ workspace: own, role: 'admin' }],
    })
  })

  it('takes the password of a user that there is, and says nothing else of it', async () => {
    const { id } = await identity.create('/v1/users', { email: 'known@example.com', name: 'Known', password })
    const { link } = await invite('known@example.com', 'viewer')
    expect((await identity.call('POST', link, { password: 'a wrong password' }, {})).status).toBe(401)
    expect((await identity.call('POST', link, { password }, {})).body).toMatchObject({ id })
    expect(
      (await rowsOf(`/v1/workspaces/${own}/members`, await signIn('known@example.com'))).find(
        ({ user }) => user === id,
      )?.role,
    ).toBe('viewer')
  })

  it('ends the sessions of a member to whom it gives another role, and of no other', async () => {
    const { id, headers } = await personWith('admin')
    const email = `person${users}@example.com`
    const current = () => identity.call('GET', '/v1/sessions/current', undefined, headers)
    const same = await invite(email, 'admin')
    expect((await identity.call('POST', same.link, { password }, {})).status).toBe(201)
    expect((await current()).status).toBe(200)
    const other = await invite(email, 'viewer')
    expect((await identity.call('POST', other.link, { password }, {})).status).toBe(201)
    expect((await current()).status).toBe(401)
    const members = await rowsOf(`/v1/workspaces/${own}/members`, await signIn(email))
    expect(members.find(({ user }) => user === id)?.role).toBe('viewer')
  })

  it('makes one user of an address that two links are for, accepted at once', async () => {
    const links = [await invite('twice@example.com'), await invite('twice@example.com')]
    const answers = await Promise.all(
      links.map(({ link }) => identity.call('POST', link, { password, name: 'Twice' }, {})),
    )
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1)
  })

  it('threat 8: lets nobody in any more once whoever has made it was removed, or has less', async () => {
    const admin = await personWith('admin')
    const path = `/v1/workspaces/${own}/invitations`
    const member = `/v1/workspaces/${own}/members/${admin.id}`
    const body = { name: 'inviting', workspace: own, type: 'management' }
    const key = (await identity.call('POST', '/v1/keys', body, admin.headers)).body as unknown as {
      key: string
    }
    const account = await identity.create<{ id: string; secret: string }>('/v1/service-accounts', {
      ...{ name: 'inviting', workspace: own, role: 'admin' },
    })
    const grant = { grant_type: 'client_credentials', client_id: account.id, client_secret: account.secret }
    const token = (await identity.call('POST', '/v1/oauth/token', grant, {})).body['access_token']
    const links: string[] = []
    for (const [index, headers] of [
      ...[admin.headers, { 'x-api-key': key.key }, { authorization: `Bearer ${String(token)}` }],
    ].entries()) {
      const { status, body } = await identity.call(
        ...(['POST', path, { email: `friend${index}@example.com`, role: 'admin' }, headers] as const),
      )
      expect(status).toBe(201)
      links.push(String(body['link']))
    }
    const seen = async () =>
      Promise.all(links.map(async (link) => (await identity.call('GET', link, undefined, {})).status))
    expect(await seen()).toEqual([200, 200, 200])
    await identity.call('PATCH', member, { role: 'viewer' })
    expect(await seen()).toEqual([404, 404, 200])
    await identity.call('PATCH', member, { role: 'admin' })
    expect(await seen()).toEqual([200, 200, 200])
    await identity.call('DELETE', member)
    await identity.call('PATCH', `/v1/service-accounts/${account.id}`, { disabled: true })
    expect(await seen()).toEqual([404, 404, 404])
    for (const link of links) expect((await identity.call('POST', link, { password }, {})).status).toBe(404)
  })

  it('can be withdrawn, ends after a week, and its link is in no row and no event', async () => {
    await identity.sql.query(`DELETE FROM invitation`)
    const withdrawn = await invite('one@example.com')
    const over = await invite('two@example.com')
    expect(
      (
        await rowsOf(
          `/v1/workspaces/${own}/invitations`,
          await personWith('viewer').then(({ headers }) => headers),
        )
      ).length,
    ).toBe(2)
    expect((await identity.call('DELETE', `/v1/workspaces/${own}/invitations/${withdrawn.id}`)).status).toBe(
      204,
    )
    await identity.sql.query(`UPDATE invitation SET expires_at = now()`)
    for (const { link } of [withdrawn, over])
      expect((await identity.call('POST', link, { password }, {})).status).toBe(404)
    const { rows } = await identity.sql.query(`SELECT * FROM invitation`)
    expect(JSON.stringify(rows)).not.toContain('join_')
  })
})
