import type { identityV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { Keyring } from '@weir/secrets'
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { IdentityState } from '../snapshot/identity-state.js'
import { IssuerKeysFile } from './issuer-keys-file.js'
import { isJwt, JwtCallers } from './jwt.js'
import { IssuerKeys } from './jwt-keys.js'
import { keyIdOf } from './jwt-rights.js'
import type { JwtConfig } from './jwt-settings.js'

const logger = createLogger({ service: 'gateway', level: 'silent' })

/** An issuer that signs with one key at a time. */
class Issuer {
  url = ''
  fetches = 0
  isAway = false
  private readonly server: Server
  private key: { privateKey: CryptoKey; publicKey: CryptoKey; jwk: JWK }

  constructor() {
    this.server = createServer((request, response) => {
      if (this.isAway) return void response.writeHead(503).end()
      if (request.url === '/keys') this.fetches++
      response.end(JSON.stringify(request.url === '/keys' ? { keys: [this.key.jwk] } : this.metadata))
    })
  }

  private get metadata() {
    return { issuer: this.url, jwks_uri: `${this.url}/keys` }
  }

  get publicKey(): CryptoKey {
    return this.key.publicKey
  }

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    await this.rotate('first')
    return this
  }

  async rotate(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
    this.key = { privateKey, publicKey, jwk }
  }

  sign(claims: object = {}, header: object = {}): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000)
    const whole = { iss: this.url, aud: 'weir', sub: 'ada', iat: nowS, exp: nowS + 60, ...rights, ...claims }
    return new SignJWT(whole)
      .setProtectedHeader({ alg: 'ES256', kid: this.key.jwk.kid ?? '', ...header })
      .sign(this.key.privateKey)
  }

  stop(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}

const rights = { weir_workspace: 'prod', weir_team: 'sales', weir_workload: 'bot' }

const everyModel = { all: true, names: [] }
const organization = 'org_default'

function fill(state: IdentityState, issuer: string): void {
  const resources: identityV1.IdentityResource[] = [
    { team: { id: 'sales', organization, parent: '', models: everyModel } },
    { team: { id: 'foreign', organization: 'org_other', parent: '', models: everyModel } },
    { workspace: { id: 'ws_1', organization, name: 'prod', environment: 'production' } },
    { workspace: { id: 'ws_2', organization: 'org_other', name: 'theirs', environment: 'production' } },
    { workspace: { id: 'ws_3', organization, name: 'other', environment: 'production' } },
    { workload: { id: 'bot', organization, workspace: 'ws_1', name: 'Bot', models: everyModel } },
    { workload: { id: 'else', organization, workspace: 'ws_3', name: 'Else', models: everyModel } },
    { user: { id: 'usr_1', organization, openidIdentity: `${issuer}/ member`, disabled: false } },
    { member: { id: 'ws_1/usr_1', organization, workspace: 'ws_1', user: 'usr_1' } },
  ]
  for (const resource of resources) state.upsert(resource, 1n)
}

describe('a JWT on an inference route', () => {
  let issuer: Issuer
  let state: IdentityState

  beforeEach(async () => {
    issuer = await new Issuer().start()
    state = new IdentityState()
    fill(state, issuer.url)
  })
  afterEach(() => {
    issuer.stop()
    vi.useRealTimers()
  })

  const callers = (
    change: Partial<JwtConfig> = {},
    cooldownMs = 0,
    refreshMs = 600_000,
    file?: IssuerKeysFile,
  ) =>
    new JwtCallers(
      {
        ...{ oidcIssuer: issuer.url, oidcClientId: undefined, oidcAudience: 'weir', jwtRequiresUser: false },
        ...{ jwtWorkspaceClaim: 'weir_workspace', jwtTeamClaim: 'weir_team' },
        ...{ jwtWorkloadClaim: 'weir_workload', ...change },
      },
      () => state,
      logger,
      new IssuerKeys(new URL(issuer.url), logger, { cooldownMs, refreshMs }, file),
    )
  const codeOf = (found: Promise<unknown>) =>
    found.then(
      (key) => (key ? 'let in' : 'unknown'),
      (error: { code: string }) => error.code,
    )

  it('has the rights that its claims name', async () => {
    const jwts = callers()
    const token = await issuer.sign()
    expect(await jwts.find(token)).toMatchObject({
      ...{ id: 'jwt:ada', organization, workspace: 'ws_1', team: 'sales', workload: 'bot', type: 'llm' },
      ...{ disabled: false, sources: undefined, endpoints: [] },
    })
    const byId = await jwts.find(await issuer.sign({ weir_workspace: 'ws_1', weir_workload: undefined }))
    expect(byId).toMatchObject({ workspace: 'ws_1', workload: '' })
    // Limits are put together once for a key: it must be the same one each time.
    expect(await jwts.find(token)).toBe(await jwts.find(token))
  })

  it('takes other claims where they are configured', async () => {
    const jwts = callers({ jwtWorkspaceClaim: 'https://example.com/ws', jwtTeamClaim: 'cost.center' })
    const claims = { 'https://example.com/ws': 'prod', 'cost.center': 'sales', ...{ weir_workspace: 'x' } }
    expect(await jwts.find(await issuer.sign(claims))).toMatchObject({ workspace: 'ws_1', team: 'sales' })
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('endpoint_not_allowed')
  })

  it('is not let in unless the issuer has signed it, for here, and for now', async () => {
    const jwts = callers()
    const nowS = Math.floor(Date.now() / 1000)
    const refused = async (token: string | Promise<string>) => codeOf(jwts.find(await token))
    const good = await issuer.sign()
    expect(await refused(good)).toBe('let in')
    const [head = '', , signature = ''] = good.split('.')
    const forged = Buffer.from(JSON.stringify({ ...rights, iss: issuer.url, aud: 'weir', sub: 'root' }))
    const secret = new TextEncoder().encode(await exportSPKI(issuer.publicKey))
    const other = await new Issuer().start()
    const cases: [string, string | Promise<string>][] = [
      ['another audience', issuer.sign({ aud: 'another' })],
      ['no audience', issuer.sign({ aud: undefined })],
      ['another issuer', issuer.sign({ iss: 'https://another.example' })],
      ['not yet', issuer.sign({ nbf: nowS + 120 })],
      ['no end', issuer.sign({ exp: undefined })],
      ['no subject', issuer.sign({ sub: undefined })],
      ['an empty subject', issuer.sign({ sub: '' })],
      [
        'alg none',
        new UnsecuredJWT({ ...rights, sub: 'ada', aud: 'weir', iss: issuer.url, exp: nowS + 60 }).encode(),
      ],
      [
        'HS256 with the public key',
        new SignJWT({ ...rights, sub: 'ada', aud: 'weir', iss: issuer.url, exp: nowS + 60 })
          .setProtectedHeader({ alg: 'HS256', kid: 'first' })
          .sign(secret),
      ],
      ['other contents', `${head}.${forged.toString('base64url')}.${signature}`],
      ['a key of another issuer', other.sign({ iss: issuer.url })],
    ]
    for (const [what, token] of cases) expect(await refused(token), what).toBe('unknown')
    other.stop()
  })

  it('dies at its end, give or take what clocks may differ, also when it is known', async () => {
    const jwts = callers()
    const nowS = Math.floor(Date.now() / 1000)
    expect(await codeOf(jwts.find(await issuer.sign({ exp: nowS - 31 })))).toBe('key_expired')
    expect(await codeOf(jwts.find(await issuer.sign({ exp: nowS - 20 })))).toBe('let in')
    const token = await issuer.sign({ exp: nowS + 60 })
    expect(await codeOf(jwts.find(token))).toBe('let in')
    vi.useFakeTimers({ now: (nowS + 89) * 1000, toFake: ['Date'] })
    expect(await codeOf(jwts.find(token))).toBe('let in')
    vi.setSystemTime((nowS + 90) * 1000)
    expect(await codeOf(jwts.find(token))).toBe('key_expired')
  })

  it('is refused where its claims give it no place', async () => {
    const jwts = callers()
    for (const claims of [
      { weir_workspace: undefined },
      { weir_workspace: 'nowhere' },
      { weir_workspace: 'theirs' },
      { weir_workspace: 'ws_2' },
      { weir_workspace: ['prod'] },
      { weir_workload: 'else' },
      { weir_workload: 'never' },
      { weir_team: 'never' },
      { weir_team: 'foreign' },
    ]) {
      expect(await codeOf(jwts.find(await issuer.sign(claims))), JSON.stringify(claims)).toBe(
        'endpoint_not_allowed',
      )
    }
    // Whoever nobody pays for is refused where a virtual key without a team is.
    expect(await jwts.find(await issuer.sign({ weir_team: undefined }))).toMatchObject({ team: '' })
  })

  it('of a user is personal: it dies with the membership, and while the user is disabled', async () => {
    const jwts = callers()
    const token = await issuer.sign({ sub: 'member' })
    expect(await codeOf(jwts.find(token))).toBe('let in')
    expect(
      await codeOf(
        jwts.find(await issuer.sign({ sub: 'member', weir_workspace: 'ws_3', weir_workload: undefined })),
      ),
    ).toBe('endpoint_not_allowed')
    const user = { id: 'usr_1', organization, openidIdentity: `${issuer.url}/ member` }
    state.upsert({ user: { ...user, disabled: true } }, 2n)
    expect(await codeOf(jwts.find(token))).toBe('endpoint_not_allowed')
    state.upsert({ user: { ...user, disabled: false } }, 3n)
    expect(await codeOf(jwts.find(token))).toBe('let in')
    state.remove('member', 'ws_1/usr_1', 4n)
    expect(await codeOf(jwts.find(token))).toBe('endpoint_not_allowed')
  })

  it('of nobody here is refused where users are required', async () => {
    const jwts = callers({ jwtRequiresUser: true })
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('endpoint_not_allowed')
    expect(await codeOf(jwts.find(await issuer.sign({ sub: 'member' })))).toBe('let in')
  })

  it('follows the issuer to other keys, and drops what the old ones have verified', async () => {
    const jwts = callers()
    const old = await issuer.sign()
    expect(await codeOf(jwts.find(old))).toBe('let in')
    await issuer.rotate('second')
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('let in')
    expect(await codeOf(jwts.find(old))).toBe('unknown')
  })

  it('makes the keys be fetched at a bounded rate, whatever is sent', async () => {
    const jwts = callers({}, 60_000)
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('let in')
    const unknown = await Promise.all(
      Array.from({ length: 200 }, (_, index) => issuer.sign({}, { kid: `guess-${index}` })),
    )
    const answers = await Promise.all(unknown.map((token) => codeOf(jwts.find(token))))
    expect(new Set(answers)).toEqual(new Set(['unknown']))
    expect(issuer.fetches).toBe(1)
  })

  it('is let in while the issuer is away, by the keys that are known', async () => {
    const jwts = callers({}, 0, 0)
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('let in')
    issuer.isAway = true
    for (let time = 0; time < 3; time++) expect(await codeOf(jwts.find(await issuer.sign()))).toBe('let in')
    expect(await codeOf(jwts.find(await issuer.sign({}, { kid: 'another' })))).toBe('unknown')
    const late = callers()
    expect(await codeOf(late.find(await issuer.sign()))).toBe('service_unavailable')
    issuer.isAway = false
    expect(await codeOf(late.find(await issuer.sign()))).toBe('let in')
  })

  it('is let in while the issuer is away also after a restart, by keys that nobody has put there', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'weir-issuer-'))
    const path = join(dataDir, 'issuer-keys.bin')
    const restarted = (version = 1) => {
      const keyring = new Keyring(`${version}:${Buffer.alloc(32, version).toString('base64')}`)
      return callers({}, 0, 600_000, new IssuerKeysFile(dataDir, keyring))
    }
    const token = await issuer.sign()
    expect(await codeOf(restarted().find(token))).toBe('let in')
    await vi.waitFor(() => readFileSync(path))
    issuer.isAway = true
    expect(await codeOf(restarted().find(token))).toBe('let in')
    expect(await codeOf(restarted(2).find(token))).toBe('service_unavailable')
    // The issuer is asked before what was kept counts.
    issuer.isAway = false
    await issuer.rotate('second')
    const before = readFileSync(path, 'utf8')
    expect(await codeOf(restarted().find(token))).toBe('unknown')
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).not.toBe(before))
    writeFileSync(path, '{}')
    issuer.isAway = true
    expect(await codeOf(restarted().find(token))).toBe('service_unavailable')
    rmSync(dataDir, { recursive: true })
  })

  it('is nothing where no issuer is configured', async () => {
    const jwts = new JwtCallers({ ...({} as JwtConfig) }, () => state, logger)
    expect(await codeOf(jwts.find(await issuer.sign()))).toBe('unknown')
    expect(() => callers({ oidcAudience: undefined })).toThrow('WEIR_OIDC_AUDIENCE')
    expect(() => callers({ oidcIssuer: 'http://issuer.example' })).toThrow('must be https')
  })

  it('with a workspace lists the models that may be called, without one those that are managed', async () => {
    const jwts = callers()
    expect(jwts.namesPlace(await issuer.sign())).toBe(true)
    expect(jwts.namesPlace(await issuer.sign({ weir_workspace: undefined }))).toBe(false)
    for (const value of ['vk_1', 'eyJ.a.b', 'eyJhbGciOiJub25lIn0.bm90IGpzb24.e30', '']) {
      expect(jwts.namesPlace(value), value).toBe(false)
    }
    expect(new JwtCallers({} as JwtConfig, () => state, logger).namesPlace(await issuer.sign())).toBe(false)
  })

  it('is told from a virtual key by its looks', async () => {
    expect(isJwt(await issuer.sign())).toBe(true)
    for (const other of [
      'vk_a.b.c',
      'eyJ',
      'eyJa.b',
      'eyJa.b.c.d',
      'eyJa..c',
      `eyJ${'a'.repeat(20_000)}.b.c`,
    ])
      expect(isJwt(other), other.slice(0, 20)).toBe(false)
  })
})

describe('what stands for a virtual key', () => {
  it('is the subject, or its hash where that is long or no plain text', () => {
    expect(keyIdOf('auth0|1234')).toBe('jwt:auth0|1234')
    for (const subject of ['a'.repeat(151), 'with space', 'line\nbreak', 'Zoë']) {
      expect(keyIdOf(subject)).toMatch(/^jwt:sha256:[\w-]{43}$/)
    }
  })
})
