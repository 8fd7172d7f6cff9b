import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { asService, currentScope, inOrganization, inScope, type Actor } from './scope.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

const actor: Actor = {
  kind: 'user',
  id: 'usr_a',
  name: 'a',
  credential: 'ses_a',
  address: '::1',
  requestId: 'r',
}

describe('a scope', () => {
  it('is nothing unless one was opened', () => {
    expect(currentScope()).toEqual({})
  })

  it('holds for all that the work starts, and for nothing beside it', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((organization) =>
        inOrganization(organization, async () => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          return currentScope().organization
        }),
      ),
    )
    expect(seen).toEqual(['a', 'b'])
    expect(currentScope()).toEqual({})
  })

  it('of a service leaves the organization behind, and keeps who is behind a change', () => {
    const inside = inScope({ organization: 'a', actor }, () => asService('x', currentScope))
    expect(inside).toEqual({ service: 'x', actor })
    expect(asService('x', currentScope).actor).toMatchObject({ kind: 'service', id: 'x' })
  })

  it('that crosses organizations is listed with its reason, each one, and nothing else is', () => {
    const sources = ['libs', 'services'].flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
        .filter((path) => /^[^/]+\/src\/.*\.ts$/.test(path) && !/\.spec\.ts$|\/testing\//.test(path))
        .map((path) => readFileSync(`${root}${folder}/${path}`, 'utf8')),
    )
    const uses = sources.flatMap((source) =>
      [...source.matchAll(/\basService\(\s*([^,]+),/g)].map(([, name]) => name),
    )
    const named = uses.flatMap((name) => /^'([a-z-]+)'$/.exec(name ?? '')?.[1] ?? [])
    expect(uses.filter((name) => !name?.startsWith("'"))).toEqual([])
    const listed = [
      ...readFileSync(`${root}libs/audit/README.md`, 'utf8').matchAll(/^\| `([a-z-]+)` +\|/gm),
    ].map(([, name]) => name)
    expect([...new Set(named)].sort()).toEqual(listed.sort())
  })
})
