import type { CryptoKey } from 'jose'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newKey, OpenidIssuer } from '../../testing/openid-issuer.js'
import { type AnyBody, type Answer, RunningIdentity } from '../../testing/running-identity.js'

const redirectUrl = 'https://weir.example.com/v1/sessions/oidc/callback'

let issuer: OpenidIssuer
let identity: RunningIdentity
let workspace: string

beforeAll(async () => {
  issuer = await OpenidIssuer.start(redirectUrl)
  identity = await RunningIdentity.start({
    config: {
      ...{ oidcIssuer: issuer.url, oidcClientId: issuer.clientId, oidcClientSecret: issuer.clientSecret },
      ...{
        oidcRedirectUrl: redirectUrl,
        oidcRoles: ['weir-admins=admin', 'ml=research/member', 'leads=research/admin'],
      },
    },
  })
  workspace = (await identity.create('/v1/workspaces', { name: 'research' })).id
})
afterAll(async () => {
  await identity.stop()
  issuer.stop()
})

const current = (headers: Record<string, string>) =>
  identity.call('GET', '/v1/sessions/current', undefined, headers)
const bearer = (value: unknown) => ({ authorization: `Bearer ${String(value)}` })

async function begin(at = identity): Promise<{ url: string; cookie: string }> {
  const response = await fetch(`${at.origin}/v1/sessions/oidc`, { redirect: 'manual' })
  expect(response.status).toBe(302)
  const [setCookie = ''] = response.headers.getSetCookie()
  expect(setCookie).toMatch(/HttpOnly; SameSite=Lax; Secure$/)
  return { url: response.headers.get('location') ?? '', cookie: setCookie.split(';')[0] ?? '' }
}

const finish = (back: string, cookie: string, at = identity): Promise<Answer<AnyBody>> =>
  at.call('GET', `/v1/sessions/oidc/callback${new URL(back).search}`, undefined, { cookie })

async function signIn(sub: string): Promise<Answer<AnyBody>> {
  const { url, cookie } = await begin()
  return finish(await issuer.visit(url, sub), cookie)
}

describe('signing in through an OpenID provider', () => {
  it('uses the authorization code flow with PKCE, state and nonce', async () => {
    const { url } = await begin()
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', redirect_uri: redirectUrl },
      ...{
        state: expect.stringMatching(/.{40,}/) as string,
        nonce: expect.stringMatching(/.{40,}/) as string,
      },
    })
  })

  it('makes a user, with the roles of its groups', async () => {
    issuer.people.set('ada', {
      email: 'Ada@corp.example',
      email_verified: true,
      name: 'Ada',
      groups: ['ml', 'leads', 'other'],
    })
    const { status, body } = await signIn('ada')
    expect(status).toBe(200)
    expect((await current(bearer(body['session']))).body).toMatchObject({
      ...{ kind: 'user', name: 'ada@corp.example', organization_roles: [] },
      workspace_roles: [{ workspace, role: 'admin' }],
    })
  })

  it('makes one user of somebody who signs in for the first time twice at once', async () => {
    issuer.people.set('grace', { email: 'grace@corp.example', email_verified: true, groups: ['ml'] })
    const answers = await Promise.all([signIn('grace'), signIn('grace')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const seen = await Promise.all(answers.map(({ body }) => current(bearer(body['session']))))
    expect(seen.map(({ status }) => status)).toEqual([200, 200])
    expect(new Set(seen.map(({ body }) => body['id'])).size).toBe(1)
  })

  it('changes the roles with the groups, which ends the sessions before', async () => {
    const before = bearer((await signIn('ada')).body['session'])
    const same = bearer((await signIn('ada')).body['session'])
    expect((await current(before)).status).toBe(200)
    issuer.people.set('ada', { email: 'ada@corp.example', email_verified: true, groups: ['weir-admins'] })
    const { body } = await signIn('ada')
    for (const headers of [before, same]) expect((await current(headers)).status).toBe(401)
    expect((await current(bearer(body['session']))).body).toMatchObject({
      organization_roles: ['admin'],
      workspace_roles: [],
    })
  })

  it('takes no state that it has not given to this browser, and each only once', async () => {
    const { url, cookie } = await begin()
    const other = await begin()
    const back = await issuer.visit(url, 'ada')
    for (const stolen of ['', other.cookie, 'weir_oidc=guessed'])
      expect((await finish(back, stolen)).status).toBe(401)
    expect((await finish(back, cookie)).status).toBe(200)
    expect((await finish(back, cookie)).status).toBe(401)
    const altered = await begin()
    const theirs = new URL(await issuer.visit(altered.url, 'ada'))
    theirs.searchParams.set('code', 'another')
    expect((await finish(theirs.href, altered.cookie)).status).toBe(401)
  })

  it('gives nobody the user of an address that the provider has not verified', async () => {
    await identity.create('/v1/users', {
      email: 'boss@corp.example',
      name: 'Boss',
      organization_roles: ['owner'],
    })
    issuer.people.set('mallory', { email: 'boss@corp.example', email_verified: false, groups: [] })
    expect((await signIn('mallory')).status).toBe(401)
    issuer.people.set('boss', { email: 'boss@corp.example', email_verified: true, groups: ['weir-admins'] })
    expect((await signIn('boss')).status).toBe(200)
    issuer.people.set('mallory', { email: 'boss@corp.example', email_verified: true, groups: [] })
    expect((await signIn('mallory')).status).toBe(401)
  })

  it('refuses a user that is disabled here', async () => {
    issuer.people.set('eve', { email: 'eve@corp.example', email_verified: true, groups: ['ml'] })
    const { body } = await signIn('eve')
    const { id } = (await current(bearer(body['session']))).body as unknown as { id: string }
    await identity.call('PATCH', `/v1/users/${id}`, { disabled: true })
    expect((await signIn('eve')).status).toBe(401)
    expect((await current(bearer(await issuer.sign({ sub: 'eve', groups: ['ml'] })))).status).toBe(401)
  })
})

describe('groups that decide about workspaces alone', () => {
  it('leave the roles in the organization that were given here', async () => {
    const here = await RunningIdentity.start({
      config: {
        ...{ oidcIssuer: issuer.url, oidcClientId: issuer.clientId, oidcClientSecret: issuer.clientSecret },
        ...{ oidcRedirectUrl: redirectUrl, oidcRoles: ['ml=research/member'] },
      },
    })
    try {
      const email = 'founder@corp.example'
      await here.create('/v1/workspaces', { name: 'research' })
      const { id } = await here.create('/v1/users', { email, name: 'Founder', organization_roles: ['owner'] })
      issuer.people.set('founder', { email, email_verified: true, groups: ['ml'] })
      const { url, cookie } = await begin(here)
      const { body } = await finish(await issuer.visit(url, 'founder'), cookie, here)
      const jwt = await issuer.sign({ sub: 'founder', groups: ['ml'] })
      for (const credential of [body['session'], jwt]) {
        const { body: now } = await here.call('GET', '/v1/sessions/current', undefined, bearer(credential))
        expect(now).toMatchObject({
          id,
          organization_roles: ['owner'],
          workspace_roles: [{ role: 'member' }],
        })
      }
    } finally {
      await here.stop()
    }
  })
})

describe('a JWT of the issuer', () => {
  it('manages with the roles of its groups', async () => {
    const token = await issuer.sign({ sub: 'robot', email: 'robot@corp.example', groups: ['ml'] })
    expect((await current(bearer(token))).body).toMatchObject({
      ...{ kind: 'user', name: 'robot@corp.example', organization_roles: [] },
      workspace_roles: [{ workspace, role: 'member' }],
    })
    expect((await identity.call('GET', '/v1/teams', undefined, bearer(token))).status).toBe(200)
    expect((await identity.call('POST', '/v1/teams', { name: 'x' }, bearer(token))).status).toBe(403)
    expect(
      (await identity.call('GET', '/v1/teams', undefined, bearer(await issuer.sign({ sub: 'nobody' }))))
        .status,
    ).toBe(403)
  })

  it('may be half a minute old by another clock, and no more', async () => {
    const nowS = Math.floor(Date.now() / 1000)
    const old = (ageS: number) => issuer.sign({ sub: 'a', groups: ['ml'] }, { expiresAtS: nowS - ageS })
    expect((await current(bearer(await old(10)))).status).toBe(200)
    expect((await current(bearer(await old(45)))).status).toBe(401)
    expect((await current(bearer(await issuer.sign({ sub: 'a', nbf: nowS + 120 })))).status).toBe(401)
  })

  it('is refused with another issuer, audience, signature or algorithm, and without an end', async () => {
    const { privateKey } = await newKey('first')
    const claims = { sub: 'a', groups: ['weir-admins'] }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const good = await issuer.sign(claims)
    const [, body = '', signature = ''] = good.split('.')
    const tokens = [
      await issuer.sign({ ...claims, iss: 'https://elsewhere.example' }),
      await issuer.sign({ ...claims, aud: 'another' }),
      await issuer.sign({ ...claims, exp: undefined }),
      await issuer.sign({ groups: ['weir-admins'] }),
      await issuer.sign(claims, { key: privateKey }),
      await issuer.sign(claims, { header: { alg: 'HS256' }, key: Buffer.from(issuer.clientSecret) }),
      `${part({ alg: 'none' })}.${body}.`,
      `${part({ alg: 'none' })}.${body}.${signature}`,
      `${part({ alg: 'RS256', kid: 'first' })}.${part({ ...claims, iss: issuer.url, aud: 'weir', exp: 9e9 })}.${signature}`,
    ]
    expect((await current(bearer(good))).status).toBe(200)
    for (const [index, token] of tokens.entries())
      expect((await current(bearer(token))).status, `token ${index}`).toBe(401)
  })
})

describe('keys of the issuer', () => {
  it('are fetched once, and again when it signs with a new one', async () => {
    const [first, second] = [await newKey('one'), await newKey('two')]
    const shown = [first]
    let fetched = 0
    const server = createServer((request, response) => {
      const keys = shown.map(({ jwk: { kid, kty, n, e, alg, use } }) => ({ kid, kty, n, e, alg, use }))
      if (request.url === '/jwks') fetched++
      const found = request.url === '/jwks' ? { keys } : { issuer: url, jwks_uri: `${url}/jwks` }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(found))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { OidcSettings } = await import('./oidc-settings.js')
    const { OidcProvider } = await import('./oidc-provider.js')
    const settings = OidcSettings.from({
      ...{ oidcIssuer: url, oidcClientId: 'weir', oidcClientSecret: 's', oidcRedirectUrl: redirectUrl },
    })
    const provider = new OidcProvider(settings, { cooldownMs: 0 })
    const sign = (key: CryptoKey, kid: string) =>
      issuer.sign({ iss: url, sub: 'a' }, { key, header: { kid } })
    expect(await provider.verify(await sign(first.privateKey, 'one'))).toMatchObject({ sub: 'a' })
    expect(await provider.verify(await sign(first.privateKey, 'one'))).toMatchObject({ sub: 'a' })
    expect(fetched).toBe(1)
    expect(await provider.verify(await sign(second.privateKey, 'two'))).toBeUndefined()
    shown.splice(0, 1, second)
    expect(await provider.verify(await sign(second.privateKey, 'two'))).toMatchObject({ sub: 'a' })
    expect(await provider.verify(await sign(first.privateKey, 'one'))).toBeUndefined()
    server.close()
    server.closeAllConnections()
    expect(await provider.verify(await sign(second.privateKey, 'two'))).toMatchObject({ sub: 'a' })
  })
})

describe('the configuration', () => {
  it('names every mistake at once', async () => {
    const { OidcSettings } = await import('./oidc-settings.js')
    expect(OidcSettings.from({})).toBeUndefined()
    const load = () =>
      OidcSettings.from({ oidcIssuer: 'http://elsewhere.example', oidcRoles: ['a=boss', 'x'] })
    expect(load).toThrow(/CLIENT_ID[^]*CLIENT_SECRET[^]*REDIRECT_URL[^]*https[^]*a=boss[^]*"x"/)
  })
})
