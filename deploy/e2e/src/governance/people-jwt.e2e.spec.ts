import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { exportSPKI, SignJWT, UnsecuredJWT } from 'jose'
import { generateKeyPair } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OpenidIssuer } from '../../../../services/identity/src/testing/openid-issuer.js'
import { chat, send } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Factory, type Resource, unique } from '../stack/factory.js'
import { Management } from '../stack/management.js'

const redirectUrl = 'https://weir.example.com/v1/sessions/oidc/callback'
/** In which a gateway fetches the issuer's keys once at most. */
const cooldownMs = 10_000

let issuer: OpenidIssuer
let home: string
let weir: Weir
let management: Management
let factory: Factory
let workspace: Resource
let team: Resource
let workload: Resource
let model: Resource

beforeAll(async () => {
  issuer = await OpenidIssuer.start(redirectUrl)
  home = mkdtempSync(join(tmpdir(), 'weir-jwt-'))
  weir = await startWeir({
    ...{ home, port: 0, quiet: true, gateways: process.platform === 'linux' ? 2 : 1 },
    env: {
      ...{ NODE_COMPILE_CACHE: compileCache, WEIR_OIDC_ISSUER: issuer.url },
      ...{ WEIR_OIDC_CLIENT_ID: issuer.clientId, WEIR_OIDC_CLIENT_SECRET: issuer.clientSecret },
      ...{ WEIR_OIDC_REDIRECT_URL: redirectUrl, WEIR_JWT_TEAM_CLAIM: 'cost_center' },
    },
  })
  management = new Management(weir.url, weir.masterKey)
  factory = new Factory(management)
  ;[workspace, team] = await Promise.all([factory.createWorkspace(), factory.createTeam()])
  const provider = await factory.createSandbox()
  ;[workload, model] = await Promise.all([
    factory.createWorkload({ workspace: workspace.id }),
    factory.createModel({ provider: provider.id }),
  ])
})
afterAll(async () => {
  await weir?.stop()
  issuer?.stop()
  rmSync(home, { recursive: true, force: true })
})

type Options = Parameters<OpenidIssuer['sign']>[1]

const placed = () => ({
  weir_workspace: workspace.name,
  weir_workload: workload.id,
  cost_center: team.id,
})
const sign = (claims: object = {}, options?: Options): Promise<string> =>
  issuer.sign({ sub: 'service-a', ...placed(), ...claims }, options)

async function callWith(token: string, name = model.name): Promise<string> {
  const { status, text } = await send({ url: weir.url, key: token, body: chat(name) })
  return status === 200
    ? 'served'
    : `${status} ${(JSON.parse(text) as { error: { code: string } }).error.code}`
}
const call = async (claims: object = {}, options?: Options) => callWith(await sign(claims, options))

/** Every gateway gets some of many connections. */
const callOften = async (token: string) =>
  new Set(await Promise.all(Array.from({ length: 12 }, () => callWith(token))))

const answers = (token: string, wanted: string) =>
  waitFor(async () => {
    const found = await callOften(token)
    return found.size === 1 && found.has(wanted)
  })

describe('a JWT of the configured issuer', () => {
  it('is served by the claims that it has, and accounted for', async () => {
    const token = await sign()
    await answers(token, 'served')
    const listed = await send({ url: weir.url, key: token, method: 'GET', path: '/v1/models' })
    expect(listed.text).toContain(model.name)
    const row = await waitFor(async () => {
      const rows = await management.list<Record<string, unknown>>('/v1/requests', { team: team.id })
      return rows[0]
    })
    expect(row).toMatchObject({
      ...{ virtual_key: 'jwt:service-a', team: team.id, workspace: workspace.id, workload: workload.id },
      outcome: 'succeeded',
    })
  })

  it('is refused unless it is good', async () => {
    const nowS = Math.floor(Date.now() / 1000)
    const whole = { sub: 'service-a', ...placed(), iss: issuer.url, aud: issuer.clientId, exp: nowS + 60 }
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    const published = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: object[] }
    const shared = new TextEncoder().encode(JSON.stringify(published.keys[0]))
    const hmac = (secret: Uint8Array) =>
      new SignJWT(whole).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret)
    const other = new SignJWT(whole).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(privateKey)
    for (const token of [
      ...[other, hmac(shared), hmac(new TextEncoder().encode(await exportSPKI(publicKey)))],
      ...[sign({ aud: 'another' }), sign({ iss: 'https://another.example' }), sign({ exp: undefined })],
      ...[new UnsecuredJWT(whole).encode(), sign({ nbf: nowS + 300 }), 'eyJhbGciOiJub25lIn0.e30.e30'],
    ]) {
      expect(await callWith(await token)).toBe('401 invalid_api_key')
    }
    expect(await call({}, { expiresAtS: nowS - 60 })).toBe('401 key_expired')
  })

  it('is refused where its claims give it no place', async () => {
    expect(await call({ weir_workspace: undefined })).toBe('403 endpoint_not_allowed')
    expect(await call({ weir_workspace: 'nowhere' })).toBe('403 endpoint_not_allowed')
    expect(await call({ weir_workload: 'nothing' })).toBe('403 endpoint_not_allowed')
    expect(await call({ cost_center: 'nobody' })).toBe('403 endpoint_not_allowed')
    expect(await call({ cost_center: undefined })).toBe('403 key_not_associated_with_team')
    const foreign = await factory.createWorkload({ workspace: (await factory.createWorkspace()).id })
    await sleep(500)
    expect(await call({ weir_workload: foreign.id })).toBe('403 endpoint_not_allowed')
  })

  it('has no more rights than a virtual key of the same place', async () => {
    const narrow = await factory.createTeam({ models: ['another'] })
    const token = await sign({ cost_center: narrow.id })
    await answers(token, '403 model_not_allowed')
    expect(await callWith(token, 'never-made')).toBe('404 model_not_found')
    const closed = await factory.createWorkspace()
    await management.create(`/v1/workspaces/${closed.id}/models`, { model: model.name, available: false })
    await answers(
      await sign({ weir_workspace: closed.id, weir_workload: undefined }),
      '403 model_not_allowed',
    )
  })

  it('of a user dies with the membership, on every gateway within a second', async () => {
    const sub = unique('ada')
    const email = `${sub}@example.com`
    issuer.people.set(sub, { email, email_verified: true, name: 'Ada' })
    const began = await fetch(`${weir.url}/v1/sessions/oidc`, { redirect: 'manual' })
    const cookie = began.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const back = new URL(await issuer.visit(began.headers.get('location') ?? '', sub))
    const callback = `${weir.url}/v1/sessions/oidc/callback${back.search}`
    expect((await fetch(callback, { headers: { cookie } })).status).toBe(200)
    const [user] = await management.list<{ id: string }>('/v1/users', { email })
    if (!user) throw new Error('The sign-in made no user.')
    const token = await sign({ sub })
    await answers(token, '403 endpoint_not_allowed')
    await management.create(`/v1/workspaces/${workspace.id}/members`, { user: user.id, role: 'viewer' })
    await answers(token, 'served')
    await management.delete(`/v1/workspaces/${workspace.id}/members/${user.id}`)
    await sleep(1_000)
    expect(await callOften(token)).toEqual(new Set(['403 endpoint_not_allowed']))
    await management.create(`/v1/workspaces/${workspace.id}/members`, { user: user.id, role: 'viewer' })
    await answers(token, 'served')
    await management.update(`/v1/users/${user.id}`, { disabled: true })
    await sleep(1_000)
    expect(await callOften(token)).toEqual(new Set(['403 endpoint_not_allowed']))
  })

  it('with keys that nobody knows makes the issuer be asked at a bounded rate', async () => {
    const before = issuer.keyFetches
    const beganAt = performance.now()
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => sign({}, { header: { kid: `guess-${index}` } })),
    )
    const found = await Promise.all(tokens.map((token) => callWith(token)))
    expect(new Set(found)).toEqual(new Set(['401 invalid_api_key']))
    const periods = Math.ceil((performance.now() - beganAt) / cooldownMs)
    expect(issuer.keyFetches - before).toBeLessThanOrEqual(2 * (periods + 1))
  })

  it('is followed to another key, and served while the issuer is away', async () => {
    const old = await sign()
    expect(await callWith(old)).toBe('served')
    await issuer.rotate('second')
    const token = await sign()
    await waitFor(async () => (await callOften(token)).size === 1 && (await callWith(token)) === 'served', {
      ...{ timeoutMs: 2 * cooldownMs, intervalMs: 500 },
    })
    expect(await callOften(old)).toEqual(new Set(['401 invalid_api_key']))
    issuer.isAway = true
    expect(await callOften(await sign({ sub: 'service-b' }))).toEqual(new Set(['served']))
    expect(await call({}, { header: { kid: 'third' } })).toBe('401 invalid_api_key')
  })
})
