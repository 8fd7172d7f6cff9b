import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AnyBody, type Answer, masterKey, RunningIdentity } from '../testing/running-identity.js'
import { setupLine } from './setup-token.js'

const password = 'correct horse battery'

let identity: RunningIdentity
let printed: string

beforeAll(async () => {
  const write = process.stdout.write.bind(process.stdout)
  const lines: string[] = []
  process.stdout.write = (line: string) => lines.push(line) > 0
  try {
    identity = await RunningIdentity.start()
  } finally {
    process.stdout.write = write
  }
  printed = lines.join('')
})
afterAll(() => identity.stop())

const bearer = (value: unknown) => ({ authorization: `Bearer ${String(value)}` })

const signIn = (email: string, sent = password): Promise<Answer<AnyBody>> =>
  identity.call('POST', '/v1/sessions', { email, password: sent }, {})

async function createUser(email: string, fields: object = {}): Promise<string> {
  return (await identity.create('/v1/users', { email, name: email, password, ...fields })).id
}

async function sessionOf(email: string): Promise<Record<string, string>> {
  const { status, body } = await signIn(email)
  if (status !== 201) throw new Error(`${email} could not sign in: ${JSON.stringify(body)}`)
  return bearer(body['session'])
}

const current = (headers: Record<string, string>) =>
  identity.call('GET', '/v1/sessions/current', undefined, headers)

const errorOf = ({ status, body }: Answer<AnyBody>) => [status, body.error.code]

describe('the first administrator', () => {
  it('is made with the token that the first start prints, once', async () => {
    const token = printed.slice(printed.indexOf(setupLine) + setupLine.length).trim()
    expect(token).toMatch(/^setup_[\w-]{43}$/)
    expect(identity.logs.join('')).not.toContain(token)
    const fields = { email: 'First@Example.com', name: 'First', password }
    const wrong = await identity.call('POST', '/v1/setup', { ...fields, token: `${token}x` }, {})
    expect(errorOf(wrong)).toEqual([401, 'invalid_credentials'])
    const both = await Promise.all(
      [1, 2].map((n) => identity.call('POST', '/v1/setup', { ...fields, email: `a${n}@b.c`, token }, {})),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([201, 401])
    expect(both.find(({ status }) => status === 201)?.body).toMatchObject({ organization_roles: ['owner'] })
  })
})

describe('signing in', () => {
  it('gives a session as a value and as a cookie that scripts cannot read', async () => {
    const id = await createUser('ada@example.com', { organization_roles: ['admin'] })
    const { status, body, headers } = await signIn('ADA@example.com')
    expect([status, body]).toMatchObject([
      201,
      { session: expect.stringMatching(/^ses_[\w-]{43}$/) as string },
    ])
    const cookie = headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict; Secure$/)
    const sent = cookie.split(';')[0] ?? ''
    const who = { kind: 'user', id, name: 'ada@example.com', organization_roles: ['admin'] }
    expect((await current({ cookie: sent })).body).toMatchObject(who)
    expect((await current(bearer(body['session']))).body).toMatchObject(who)
    expect((await current({ cookie: sent, 'sec-fetch-site': 'cross-site' })).status).toBe(401)
  })

  it('keeps neither passwords nor sessions as they are', async () => {
    const { body } = await signIn('ada@example.com')
    const rows = await identity.sql.query(`SELECT app_user.*, session.* FROM app_user, session`)
    const text = JSON.stringify(rows.rows)
    expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    expect(text).not.toContain(password)
    expect(text).not.toContain(String(body['session']))
    const bytes = (rows.rows as { hash: Buffer }[]).map(({ hash }) => hash.toString('latin1'))
    expect(bytes.join()).not.toContain(String(body['session']))
  })

  it('threat 19: refuses an unknown address, a wrong password and a disabled user alike, in the same time', async () => {
    await createUser('gone@example.com', { organization_roles: [] })
    const { data } = (await identity.call('GET', '/v1/users?email=gone@example.com')).body as unknown as {
      data: { id: string }[]
    }
    await identity.call('PATCH', `/v1/users/${data[0]?.id}`, { disabled: true })
    const measure = async (email: string, sent: string) => {
      const startedAt = performance.now()
      const answer = await signIn(email, sent)
      return { ms: performance.now() - startedAt, answer }
    }
    const times = { unknown: [] as number[], wrong: [] as number[] }
    for (let round = 0; round < 8; round++) {
      await createUser(`timed${round}@example.com`)
      const unknown = await measure(`nobody${round}@example.com`, password)
      const wrong = await measure(`timed${round}@example.com`, `${password}!`)
      expect(errorOf(unknown.answer)).toEqual([401, 'invalid_credentials'])
      expect(unknown.answer.body).toEqual(wrong.answer.body)
      times.unknown.push(unknown.ms)
      times.wrong.push(wrong.ms)
    }
    expect((await signIn('gone@example.com')).body).toEqual((await signIn('no@example.com')).body)
    const median = (ms: number[]) => ms.sort((left, right) => left - right)[ms.length / 2] ?? 0
    const ratio = median(times.unknown) / median(times.wrong)
    // Without the work for nobody's password it would be a tenth.
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  it('locks an address after five attempts, known or not, also against many at once', async () => {
    await createUser('locked@example.com')
    for (const email of ['locked@example.com', 'never@example.com']) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => signIn(email, 'wrong')))
      const codes = answers.map(({ body }) => body.error.code)
      expect(codes.filter((code) => code === 'invalid_credentials')).toHaveLength(5)
      expect(codes.filter((code) => code === 'rate_limit_exceeded')).toHaveLength(7)
      const right = await signIn(email)
      expect(errorOf(right)).toEqual([429, 'rate_limit_exceeded'])
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(800)
    }
    await identity.sql.query(`UPDATE sign_in_attempt SET last_at = last_at - interval '16 minutes'`)
    expect((await signIn('locked@example.com')).status).toBe(201)
  })

  it('threat 3: takes SQL in a credential for what it is, on the way to the error too', async () => {
    const texts = [`ses_' OR '1'='1`, `' UNION SELECT * FROM app_user --`, `ses_${"'".repeat(43)}`]
    for (const text of [...texts, `vk_${';DROP TABLE session;--'.padEnd(46, 'x')}`]) {
      const answers = await Promise.all([
        current({ authorization: `Bearer ${text}` }),
        current({ 'x-api-key': text }),
        current({ cookie: `weir_session=${text}` }),
      ])
      for (const { status, body } of answers) {
        expect([401, 403]).toContain(status)
        expect(JSON.stringify(body)).not.toMatch(/syntax|app_user|session_hash|SELECT/)
      }
    }
    const injected = await signIn(`'--@x`, `' OR 1=1`)
    expect(errorOf(injected)).toEqual([401, 'invalid_credentials'])
  })
})

describe('threat 29: a session is dead', () => {
  it.each<[string, (id: string, headers: Record<string, string>) => Promise<Answer<AnyBody>>]>([
    ['after its logout', (_, headers) => identity.call('DELETE', '/v1/sessions/current', undefined, headers)],
    ['when the roles change', (id) => identity.call('PATCH', `/v1/users/${id}`, { organization_roles: [] })],
    [
      'when the password changes',
      (id) => identity.call('PATCH', `/v1/users/${id}`, { password: `${password}2` }),
    ],
    ['when the user is disabled', (id) => identity.call('PATCH', `/v1/users/${id}`, { disabled: true })],
    ['when the user is deleted', (id) => identity.call('DELETE', `/v1/users/${id}`)],
  ])('%s, at once', async (name, end) => {
    const email = `${name.replaceAll(/\W/g, '')}@example.com`
    const id = await createUser(email, { organization_roles: ['owner'] })
    const headers = await sessionOf(email)
    expect((await identity.call('GET', '/v1/teams', undefined, headers)).status).toBe(200)
    expect((await end(id, headers)).status).toBeLessThan(300)
    expect(errorOf(await current(headers))).toEqual([401, 'invalid_api_key'])
  })

  it('when its member is given another role, or removed, at once', async () => {
    const { id: workspace } = await identity.create('/v1/workspaces', { name: 'revoking' })
    const user = await createUser('member@example.com')
    const members = `/v1/workspaces/${workspace}/members`
    await identity.create(members, { user: 'member@example.com', role: 'admin' })
    const admin = await sessionOf('member@example.com')
    const rename = (headers: Record<string, string>) =>
      identity.call('PATCH', `/v1/workspaces/${workspace}`, { description: 'x' }, headers)
    expect((await rename(admin)).status).toBe(200)
    await identity.call('PATCH', `${members}/${user}`, { role: 'member' })
    expect((await rename(admin)).status).toBe(401)
    const member = await sessionOf('member@example.com')
    expect(errorOf(await rename(member))).toEqual([403, 'permission_denied'])
    await identity.call('DELETE', `${members}/${user}`)
    expect((await current(member)).status).toBe(401)
    expect(
      (await identity.call('GET', '/v1/workspaces', undefined, await sessionOf('member@example.com'))).status,
    ).toBe(403)
  })

  it('when it is over', async () => {
    const headers = await sessionOf('ada@example.com')
    await identity.sql.query(`UPDATE session SET expires_at = now()`)
    expect((await current(headers)).status).toBe(401)
  })
})

describe('a service account', () => {
  const token = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${identity.origin}/v1/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
    })

  it('gets a token by OAuth 2.0 client credentials, in the form or in the header', async () => {
    const { id: workspace } = await identity.create('/v1/workspaces', { name: 'ci' })
    const fields = { name: 'terraform', workspace: 'ci', role: 'admin' }
    const { id, secret } = await identity.create<{ id: string; secret: string }>(
      '/v1/service-accounts',
      fields,
    )
    const grant = 'grant_type=client_credentials'
    const inForm = await token(`${grant}&client_id=${id}&client_secret=${secret}`)
    const basic = Buffer.from(`${id}:${secret}`).toString('base64')
    const inHeader = await token(grant, { authorization: `Basic ${basic}` })
    for (const reply of [inForm, inHeader]) {
      expect([reply.status, reply.headers.get('cache-control')]).toEqual([200, 'no-store'])
      const body = (await reply.json()) as Record<string, unknown>
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
      expect((await current(bearer(body['access_token']))).body).toMatchObject({
        ...{ kind: 'service', id, organization_roles: [] },
        workspace_roles: [{ workspace, role: 'admin' }],
      })
    }
    for (const body of [
      `${grant}&client_id=${id}&client_secret=${secret}x`,
      `${grant}&client_id=x&client_secret=y`,
      grant,
    ])
      expect((await token(body)).status).toBe(401)
    expect((await token(`grant_type=password&client_id=${id}&client_secret=${secret}`)).status).toBe(400)
  })

  it('loses its tokens when it is disabled', async () => {
    const { id, secret } = await identity.create<{ id: string; secret: string }>('/v1/service-accounts', {
      ...{ name: 'short', organization_roles: ['auditor'] },
    })
    const body = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
    const got = await identity.call('POST', '/v1/oauth/token', body, {})
    const headers = bearer(got.body['access_token'])
    expect((await current(headers)).status).toBe(200)
    await identity.call('PATCH', `/v1/service-accounts/${id}`, { disabled: true })
    expect((await current(headers)).status).toBe(401)
    expect((await identity.call('POST', '/v1/oauth/token', body, {})).status).toBe(401)
  })

  it('is the only one who may send a form', async () => {
    const reply = await fetch(`${identity.origin}/v1/teams`, {
      method: 'POST',
      headers: { ...bearer(masterKey), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'name=x',
    })
    expect(reply.status).toBe(400)
  })
})
