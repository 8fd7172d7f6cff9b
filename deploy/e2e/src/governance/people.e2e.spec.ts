import type { WorkspaceRole } from '@weir/http'
import { waitFor } from '@weir/testing'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { Management } from '../stack/management.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { createPerson, type Person } from './people.js'

let weir: SharedWeir
let scene: Scene

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
})

/** One route of each service. */
const paths = ['/v1/workspaces', '/v1/providers', '/v1/usage', '/v1/requests', '/v1/costs']
const everywhere = ['/v1/keys', ...paths]

const statuses = (management: Management, of = everywhere) =>
  Promise.all(of.map(async (path) => (await management.send('GET', path)).status))

const member = (role: WorkspaceRole): Promise<Person> =>
  createPerson(weir, { workspace: [scene.workspace.id, role] })

const all = (status: number) => everywhere.map(() => status)

describe('threat 29: within a second, in every service, a session is dead', () => {
  it.each<[string, (person: Person) => Promise<unknown>]>([
    ['its logout', ({ management }) => management.delete('/v1/sessions/current')],
    ['a change of role', ({ id }) => weir.management.update(membership(id), { role: 'admin' })],
    ['the end of the membership', ({ id }) => weir.management.delete(membership(id))],
    ['the end of the user', ({ id }) => weir.management.delete(`/v1/users/${id}`)],
  ])('after %s', async (_, end) => {
    const person = await member('viewer')
    expect(await statuses(person.management)).toEqual(all(200))
    await end(person)
    expect((await person.management.send('GET', '/v1/workspaces')).status).toBe(401)
    await sleep(1_000)
    expect(await statuses(person.management)).toEqual(all(401))
  })

  const membership = (user: string) => `/v1/workspaces/${scene.workspace.id}/members/${user}`
})

describe('a management key', () => {
  it('manages its workspace, and dies within a second in every service', async () => {
    const key = await scene.factory.createVirtualKey({ workspace: scene.workspace.id, type: 'default' })
    const management = new Management(weir.url, key.key)
    expect(await statuses(management)).toEqual(all(200))
    expect((await management.send('POST', '/v1/teams', { name: unique('team') })).status).toBe(403)
    await weir.management.update(`/v1/keys/${key.id}`, { disabled: true })
    await sleep(1_000)
    const replies = await Promise.all(everywhere.map((path) => management.send('GET', path)))
    for (const { status, text } of replies)
      expect([status, text]).toEqual([401, expect.stringContaining('key_disabled')])
  })

  it('that calls no model is told of models what the catalog has, any other what it may call', async () => {
    const firstModel = async (type: string) => {
      const links = { workspace: scene.workspace.id, team: scene.team.id, type }
      const { key } = await scene.factory.createVirtualKey(links)
      const list = () => send({ url: weir.url, key, path: '/v1/models?limit=1', method: 'GET' })
      const reply = await waitFor(async () => {
        const { status, text } = await list()
        return status === 200 ? text : undefined
      })
      return (JSON.parse(reply) as { data: object[] }).data[0]
    }
    expect(await firstModel('management')).toHaveProperty('provider_model')
    expect(await firstModel('default')).not.toHaveProperty('provider_model')
  })
})

describe('threat 11: what a client says of itself at the edge', () => {
  it('does not make it anybody: hosts with / ? #, forwarded and internal headers', async () => {
    const { management } = await member('viewer')
    const trust = {
      'x-forwarded-user': 'master_key',
      'x-forwarded-host': 'localhost',
      'x-internal-principal': 'master_key',
      'x-internal-secret': 'x',
      'x-original-url': '/livez',
      'x-rewrite-url': '/livez',
    }
    for (const host of ['localhost', 'a/v1/setup', 'a?x=/livez', 'a#/livez']) {
      const { status } = await send({
        url: weir.url,
        path: '/v1/teams',
        method: 'GET',
        headers: { ...trust, host },
      })
      expect([400, 401], host).toContain(status)
    }
    const session = (await management.get<{ id: string }>('/v1/sessions/current')).id
    const before = await management.send('PATCH', `/v1/workspaces/${scene.workspace.id}`, {
      description: 'x',
    })
    expect([before.status, session]).toEqual([403, expect.stringMatching(/^usr_/)])
  })
})

describe('threat 10: spellings of a path', () => {
  it('reach nothing without a credential, and nothing that a role may not do', async () => {
    const { management } = await member('viewer')
    for (const path of [
      ...[
        '/v1/users/',
        '//v1/users',
        '/v1//users',
        '/v1/%75sers',
        '/V1/users',
        '/v1/users;a=b',
        '/v1/./users',
      ],
      ...[
        '/v1/x/../users',
        '/v1/x/%2e%2e/users',
        '/v1%2fusers',
        '/v1/sessions/../users',
        '/v1/setup/../users',
      ],
    ]) {
      const bytes = await send({ url: weir.url, path, method: 'GET' })
      expect([400, 401, 404], path).toContain(bytes.status)
      const { status } = await management.send('GET', path)
      expect([400, 403, 404], path).toContain(status)
    }
  })
})

describe('a user’s own workspaces', () => {
  it('are what reports show, and a filter for another shows nothing', async () => {
    const other = await createScene(weir)
    await send({
      url: weir.url,
      key: other.key,
      body: { model: other.model.name, messages: [{ role: 'user', content: 'x' }] },
    })
    const { management } = await member('member')
    for (const path of ['/v1/usage', '/v1/costs']) {
      const rows = await management.list<{ workspace: string }>(path, { group_by: 'workspace' })
      expect(rows.filter(({ workspace }) => workspace !== scene.workspace.id)).toEqual([])
      expect(await management.list(path, { workspace: other.workspace.id })).toEqual([])
    }
    expect(await management.list('/v1/requests', { workspace: other.workspace.id })).toEqual([])
  })
})
