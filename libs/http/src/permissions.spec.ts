import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findRight, permissions, routeRights } from './permissions.js'
import { organizationRoles, type Principal, type WorkspaceRole, workspaceRoles } from './principal.js'
import { authorizeIn, isVisible, reachOf, toCaller } from './reach.js'

const principal = (roles: Partial<Principal>): Principal => ({
  ...{ kind: 'user', id: 'usr_1', name: 'ada', organization: 'org_default', credential: 'sid_1' },
  ...{ organizationRoles: [], workspaceRoles: new Map<string, WorkspaceRole>() },
  ...roles,
})

const member = principal({
  workspaceRoles: new Map([
    ['ws_a', 'admin'],
    ['ws_b', 'viewer'],
  ]),
})

describe('the table of permissions', () => {
  it('has no permission that no route needs', () => {
    const needed = new Set(Object.values(routeRights))
    const unused = Object.keys(permissions).filter(
      (permission) => !needed.has(permission as keyof typeof permissions),
    )
    expect(unused).toEqual([])
  })

  it('is what the README shows', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const rows = readme.matchAll(/^\| `([\w.]+)` +\| (\w+) +\| ([^|]*?) +\| ([^|]*?) +\|$/gm)
    const list = (text = '') => (text === '' ? [] : text.split(', '))
    const shown = Object.fromEntries(
      [...rows].map(([, name, scope, organization, workspace]) => [
        String(name),
        { scope, organization: list(organization), workspace: list(workspace) },
      ]),
    )
    expect(shown).toEqual(permissions)
  })

  it('gives a member no more than a viewer, and to neither any change', () => {
    for (const [name, { workspace }] of Object.entries(permissions)) {
      const roles: readonly string[] = workspace
      if (!name.endsWith('.read'))
        expect([roles.includes('member'), roles.includes('viewer')], name).toEqual([false, false])
    }
  })

  it('gives an auditor everything to read and nothing to change', () => {
    for (const [name, { organization }] of Object.entries(permissions))
      expect((organization as readonly string[]).includes('auditor'), name).toBe(name.endsWith('.read'))
  })

  it('lets owners of the organization do all, and whoever has no role nothing', () => {
    for (const permission of Object.keys(permissions) as (keyof typeof permissions)[]) {
      expect(reachOf(principal({ organizationRoles: ['owner'] }), permission)).toBe('everywhere')
      expect(reachOf(principal({}), permission)).toBe('nowhere')
    }
    expect([...organizationRoles, ...workspaceRoles]).toHaveLength(8)
  })

  it('has no row for what is not there', () => {
    expect(findRight('GET', '/v1/nothing')).toBeUndefined()
    expect(findRight('constructor', '')).toBeUndefined()
    expect(findRight('HEAD', '/v1/keys')).toBe('key.read')
  })
})

describe('a caller', () => {
  it('may do in a workspace what its role there allows, and sees those where it may look', () => {
    const caller = toCaller(member, 'key.manage')
    expect([caller.permitted, caller.visible]).toEqual([['ws_a'], ['ws_a', 'ws_b']])
    expect(() => authorizeIn(caller, 'ws_a')).not.toThrow()
    for (const workspace of ['ws_b', 'ws_c', null])
      expect(() => authorizeIn(caller, workspace)).toThrow(/role/)
    expect(['ws_a', 'ws_b', 'ws_c', null].map((id) => isVisible(caller, id))).toEqual([
      true,
      true,
      false,
      true,
    ])
  })

  it('with a role in the organization is held to no workspace', () => {
    const caller = toCaller(principal({ organizationRoles: ['admin'] }), 'key.manage')
    expect([caller.permitted, caller.visible]).toEqual([undefined, undefined])
    expect(() => authorizeIn(caller, null)).not.toThrow()
  })

  it('is none where the permission is held nowhere', () => {
    expect(() => toCaller(member, 'team.manage')).toThrow(/team\.manage/)
    expect(() => toCaller(principal({ organizationRoles: ['billing'] }), 'key.manage')).toThrow(/role/)
  })
})
