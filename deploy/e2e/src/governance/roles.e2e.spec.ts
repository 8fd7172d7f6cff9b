import {
  findRight,
  type OrganizationRole,
  organizationRoles,
  type Permission,
  permissions,
  type RouteRight,
  type WorkspaceRole,
  workspaceRoles,
} from '@weir/http'
import { waitFor } from '@weir/testing'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { chat, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { Management } from '../stack/management.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { createPerson, password, type Person, signIn } from './people.js'

/** Routes as they are generated from the controllers: one that nobody has thought of here fails below. */
const document = JSON.parse(
  readFileSync(new URL('../../../../services/gateway/openapi.json', import.meta.url), 'utf8'),
) as { paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>> }

const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { security = [] }]) => {
    const isInference = security.length > 0 && !security.some((scheme) => 'masterKey' in scheme)
    const isHealth = path === '/livez' || path === '/readyz'
    return isInference || isHealth ? [] : [{ method: method.toUpperCase(), path }]
  }),
)

const rightOf = (method: string, path: string): RouteRight | undefined =>
  findRight(method, path.replaceAll(/\{(\w+)\}/g, ':$1'))

const roles = [
  ...organizationRoles.map((role) => ({ name: `organization ${role}`, organization: role })),
  ...workspaceRoles.map((role) => ({ name: `workspace ${role}`, workspace: role })),
] as { name: string; organization?: OrganizationRole; workspace?: WorkspaceRole }[]

type Role = (typeof roles)[number]

/** One workspace with one of everything that is in it. */
interface Place {
  workspace: string
  scene: Scene
  /** A provider of the workspace alone, and a model of it. */
  provider: string
  model: string
  request: string
}

let weir: SharedWeir
let own: Place
let foreign: Place
const people = new Map<string, Person>()

async function createPlace(): Promise<Place> {
  const scene = await createScene(weir)
  const workspace = scene.workspace.id
  const { id: provider } = await scene.factory.createSandbox({ workspace })
  const { id: model } = await scene.factory.createModel({ provider })
  const { headers } = await send({ url: weir.url, key: scene.key, body: chat(scene.model.name) })
  const request = String(headers['x-request-id'])
  await waitFor(async () => (await weir.management.send('GET', `/v1/requests/${request}`)).status === 200, {
    what: 'the request in the log',
  })
  return { workspace, scene, provider, model, request }
}

beforeAll(async () => {
  weir = await useWeir()
  own = await createPlace()
  foreign = await createPlace()
  for (const role of roles) {
    const { organization, workspace } = role
    const person = await createPerson(weir, {
      ...(organization && { organization }),
      ...(workspace && { workspace: [own.workspace, workspace] as [string, WorkspaceRole] }),
    })
    people.set(role.name, person)
  }
})

const make = async (path: string, fields: object): Promise<string> =>
  (await weir.management.create<{ id: string }>(path, fields)).id

const newUser = () => make('/v1/users', { email: `${unique('u')}@example.com`, name: 'u' })

/** A workspace to delete: the caller's when it shall be its own. */
async function newWorkspace(place: Place, role: Role): Promise<string> {
  if (place === foreign && role.workspace) return foreign.workspace
  const id = await make('/v1/workspaces', { name: unique('ws') })
  const user = people.get(role.name)?.id
  if (role.workspace && user)
    await weir.management.create(`/v1/workspaces/${id}/members`, { user, role: role.workspace })
  return id
}

async function newMember({ workspace }: Place): Promise<string> {
  const user = await newUser()
  await weir.management.create(`/v1/workspaces/${workspace}/members`, { user, role: 'viewer' })
  return user
}

/** What a whitelist can name: a model of the workspace's own that is not in use. */
async function newModel({ provider, scene }: Place): Promise<string> {
  return (await scene.factory.createModel({ provider })).id
}

/** With a second version in force, so that every change of versions has something to change. */
async function newVersionedModel(place: Place): Promise<string> {
  const model = await newModel(place)
  await weir.management.create(`/v1/models/${model}/versions`, {})
  await weir.management.create(`/v1/models/${model}/versions/2/promote`, {})
  return model
}

const newDeployment = ({ workspace, scene }: Place) =>
  make('/v1/deployments', { name: unique('dep'), workspace, targets: [{ model: scene.model.name }] })

const newRepository = ({ workspace, provider }: Place) =>
  make('/v1/repositories', { name: unique('repo'), workspace, providers: [provider] })

async function newEntry(place: Place): Promise<string> {
  const model = await newModel(place)
  await weir.management.create(`/v1/workspaces/${place.workspace}/models`, { model })
  return model
}

const policy = (workspace: string) => ({
  ...{ name: unique('policy'), scope: { workspace }, text: 'No e-mail addresses.', detectors: ['email'] },
  ...{ action: 'log', mode: 'enforce', applies_to: 'input' },
})

const violations = new Map<string, Promise<string>>()

/** One for each place; it is only looked at. */
function newViolation({ workspace, scene }: Place): Promise<string> {
  const known = violations.get(workspace)
  if (known) return known
  const made = make('/v1/policies', policy(workspace)).then((id) =>
    waitFor(async () => {
      const messages = [{ role: 'user', content: 'ann@mail.example' }]
      await send({ url: weir.url, key: scene.key, body: { model: scene.model.name, messages } })
      const [found] = await weir.management.list<{ id: string }>('/v1/policies/violations', { policy: id })
      return found?.id
    }),
  )
  violations.set(workspace, made)
  return made
}

const budget = (workspace: string) => ({ scope: { workspace }, amount: '1000', period: 'monthly' })

/**
 * The id for a path's last parameter. New for each attempt to change or delete, since an attempt
 * that is allowed uses it up.
 */
const ids: Record<string, (place: Place, role: Role) => Promise<string> | string> = {
  '/v1/organizations/{id}': () => 'org_default',
  '/v1/users/{id}': newUser,
  '/v1/service-accounts/{id}': () => make('/v1/service-accounts', { name: unique('svc') }),
  '/v1/teams/{id}': () => make('/v1/teams', { name: unique('team') }),
  '/v1/workspaces/{id}': ({ workspace }) => workspace,
  '/v1/workspaces/{id}/members/{user}': newMember,
  '/v1/workspaces/{id}/models/{model}': newEntry,
  '/v1/workspaces/{id}/invitations/{invitation}': ({ workspace }) =>
    make(`/v1/workspaces/${workspace}/invitations`, { email: 'a@example.com', role: 'viewer' }),
  '/v1/workloads/{id}': ({ workspace }) =>
    make('/v1/workloads', { name: unique('bot'), workspace, models: ['*'] }),
  '/v1/keys/{id}': ({ workspace }) => make('/v1/keys', { name: unique('key'), workspace }),
  '/v1/providers/{id}': ({ workspace, scene }) =>
    scene.factory.createSandbox({ workspace }).then(({ id }) => id),
  '/v1/models/{id}': newModel,
  '/v1/models/{id}/versions/{version}': () => '1',
  '/v1/deployments/{id}': newDeployment,
  '/v1/deployments/{id}/health': newDeployment,
  '/v1/repositories/{id}': newRepository,
  '/v1/requests/{request_id}': ({ request }) => request,
  '/v1/budgets/{id}': async () => make('/v1/budgets', budget((await createWorkspace()).id)),
  '/v1/policies/{id}': ({ workspace }) => make('/v1/policies', policy(workspace)),
  '/v1/policies/violations/{id}': newViolation,
  '/v1/invitations/{link}': () => 'join_nothing',
}

const createWorkspace = () => own.scene.factory.createWorkspace()

/** What is sent to make or do something; a route without a row here fails. */
const bodies: Record<string, (place: Place) => unknown> = {
  'POST /v1/setup': () => ({}),
  'POST /v1/sessions': () => ({}),
  'POST /v1/oauth/token': () => ({}),
  'POST /v1/invitations/{link}': () => ({}),
  'POST /v1/users': () => ({ email: `${unique('u')}@example.com`, name: 'u' }),
  'POST /v1/service-accounts': () => ({ name: unique('svc') }),
  'POST /v1/teams': () => ({ name: unique('team') }),
  'POST /v1/workspaces/{id}/restore': () => undefined,
  'POST /v1/workspaces': () => ({ name: unique('ws') }),
  'POST /v1/workspaces/{id}/members': async () => ({ user: await newUser(), role: 'viewer' }),
  'PATCH /v1/workspaces/{id}/members/{user}': () => ({ role: 'viewer' }),
  'POST /v1/workspaces/{id}/models': async (place) => ({ model: await newModel(place) }),
  'POST /v1/workspaces/{id}/invitations': () => ({ email: 'a@example.com', role: 'viewer' }),
  'POST /v1/workloads': ({ workspace }) => ({ name: unique('bot'), workspace, models: ['*'] }),
  'POST /v1/keys': ({ workspace }) => ({ name: unique('key'), workspace }),
  'POST /v1/keys/{id}/rotate': () => ({}),
  'POST /v1/providers': ({ workspace }) => ({ name: unique('prov'), type: 'sandbox', workspace }),
  'POST /v1/models': ({ provider }) => ({ name: unique('model'), provider, free: true }),
  'POST /v1/providers/{id}/validate': () => undefined,
  'POST /v1/models/{id}/versions': () => ({}),
  'POST /v1/models/{id}/versions/{version}/promote': () => undefined,
  'POST /v1/models/{id}/versions/{version}/canary': () => ({ weight: 5 }),
  'POST /v1/models/{id}/rollback': () => undefined,
  'POST /v1/deployments': ({ workspace, scene }) => ({
    ...{ name: unique('dep'), workspace, targets: [{ model: scene.model.name }] },
  }),
  'POST /v1/repositories': ({ workspace, provider }) => ({
    ...{ name: unique('repo'), workspace, providers: [provider] },
  }),
  'POST /v1/users/me/password': () => ({ current_password: password, new_password: password }),
  'POST /v1/policies': ({ workspace }) => policy(workspace),
  'POST /v1/policies/plan': () => ({ text: 'No e-mail addresses.' }),
  'POST /v1/budgets': async () => budget((await createWorkspace()).id),
}

/** The path with ids of what is there, in a workspace. */
async function fill(method: string, path: string, place: Place, role: Role): Promise<string> {
  if (method === 'DELETE' && path === '/v1/workspaces/{id}')
    return `/v1/workspaces/${await newWorkspace(place, role)}`
  if (path === '/v1/workspaces/{id}/restore') {
    const id = await make('/v1/workspaces', { name: unique('ws') })
    await weir.management.delete(`/v1/workspaces/${id}`)
    return `/v1/workspaces/${id}/restore`
  }
  let filled = path
  for (const [whole, parameter = ''] of path.matchAll(/\{(\w+)\}/g)) {
    const prefix = path.slice(0, path.indexOf(whole) + whole.length)
    const isVersioned = prefix === '/v1/models/{id}' && /\/(versions|rollback|history)/.test(path)
    const id = isVersioned ? newVersionedModel : ids[prefix]
    if (!id) throw new Error(`Say in this file what ${parameter} of ${prefix} can be.`)
    filled = filled.replace(whole, await id(place, role))
  }
  return filled
}

async function bodyOf(method: string, path: string, place: Place): Promise<unknown> {
  const body = bodies[`${method} ${path}`]
  if (body) return body(place)
  if (method === 'POST') throw new Error(`Say in this file what can be sent to ${method} ${path}.`)
  return method === 'PATCH' ? {} : undefined
}

/** Whether a route names something of a workspace, so that there is a foreign one to name. */
const isOfWorkspace = (method: string, path: string, permission: Permission): boolean =>
  permissions[permission].scope === 'workspace' && (path.includes('{') || method === 'POST')

const holds = (role: Role, permission: Permission): boolean => {
  const { organization, workspace } = permissions[permission]
  return (
    (organization as readonly unknown[]).includes(role.organization) ||
    (workspace as readonly unknown[]).includes(role.workspace)
  )
}

describe('every route, for every role, in the own and in a foreign workspace', () => {
  it('threat 10: has a row in the table of permissions', () => {
    expect(routes.length).toBeGreaterThan(70)
    expect(routes.filter(({ method, path }) => rightOf(method, path) === undefined)).toEqual([])
  })

  it.each(routes)('$method $path', async ({ method, path }) => {
    const right = rightOf(method, path)
    const stranger = new Management(weir.url, 'mk_wrong')
    const anyPath = path.replaceAll(/[{}]/g, '')
    const anonymous = await stranger.send(method, anyPath, method === 'GET' ? undefined : {})
    if (right === 'public') return expect([400, 401, 404]).toContain(anonymous.status)
    expect(anonymous.status).toBe(401)
    for (const role of roles) {
      for (const place of [own, foreign]) {
        const person = people.get(role.name)
        if (!person || right === undefined) throw new Error(`Nobody is ${role.name}.`)
        const what = `${role.name} in the ${place === own ? 'own' : 'foreign'} workspace`
        if (right === 'authenticated') {
          const management = await signIn(weir.url, person.email)
          const { status, text } = await management.send(method, path, await bodyOf(method, path, place))
          expect([status, text], what).toEqual([expect.toSatisfy(isSuccess), text])
          // Another password has ended the other sessions.
          if (path.endsWith('/password')) people.set(role.name, { ...person, management })
          continue
        }
        // Refused before anything is looked at, so that it need not be there.
        const target = holds(role, right) ? await fill(method, path, place, role) : anyPath
        const reply = await person.management.send(method, target, await bodyOf(method, path, place))
        if (method === 'DELETE' && path === '/v1/workspaces/{id}' && isSuccess(reply.status)) {
          // Its members' sessions have ended with it.
          people.set(role.name, { ...person, management: await signIn(weir.url, person.email) })
        }
        const isForeign = place === foreign && role.workspace !== undefined
        if (!holds(role, right)) {
          expect([reply.status, reply.text], what).toEqual([
            403,
            expect.stringContaining('permission_denied'),
          ])
        } else if (isForeign && isOfWorkspace(method, path, right)) {
          expect([reply.status, reply.text], what).toEqual([404, expect.stringContaining('_not_found')])
        } else if (path.endsWith('/budget')) {
          expect([200, 404], what).toContain(reply.status)
        } else {
          expect([what, reply.status, reply.text], what).toEqual([
            what,
            expect.toSatisfy(isSuccess),
            reply.text,
          ])
        }
        if (role.workspace && !path.includes('{') && method === 'GET') {
          for (const { id, name } of [
            foreign.scene.workspace,
            foreign.scene.workload,
            foreign.scene.virtualKey,
          ]) {
            expect(reply.text, what).not.toContain(id)
            expect(reply.text, what).not.toContain(name)
          }
        }
      }
    }
  })
})

const isSuccess = (status: number): boolean => status >= 200 && status < 300
