import { type ErrorCode, errorTable } from '@weir/errors'
import { generateVirtualKey } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { createServer } from 'node:net'
import { once } from 'node:events'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, send, sendRefused } from '../stack/client.js'
import { type Factory, type Resource } from '../stack/factory.js'
import { type Answer, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'
import { check, expectRaised, raise, type RaisedError, seen } from './raised.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
let factory: Factory

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  factory = scene.factory
})
afterAll(() => upstream.stop())

const raised = (key: string | null, model: string, fields = {}): Promise<RaisedError> =>
  raise(weir.url, key, model, fields)

describe('who may not call', () => {
  const { AuthenticationError, PermissionDeniedError, NotFoundError } = OpenAI

  it('is told that a key is missing', async () => {
    const error = await raised(null, scene.model.name)
    expectRaised({ code: 'missing_api_key', sdk: AuthenticationError, says: /Send a virtual key/ }, error)
  })

  it('is told that a key is not known, whatever is wrong with it', async () => {
    const last = scene.key.at(-1) === 'A' ? 'B' : 'A'
    const wrong = [
      'vk_',
      'sk-something',
      scene.key.slice(0, -1),
      scene.key.slice(0, -1) + last,
      `${scene.key}A`,
      weir.masterKey,
    ]
    for (const key of [...wrong, scene.key.toUpperCase(), `vk_${'x'.repeat(5_000)}`]) {
      const error = await raised(key, scene.model.name)
      expectRaised(
        { code: 'invalid_api_key', sdk: AuthenticationError, says: /Check that it was copied/ },
        error,
      )
    }
  })

  it('is told that the key is disabled, and who can help', async () => {
    const { key, id } = await makeKey({ disabled: true })
    const says = new RegExp(`PATCH /v1/keys/${id}`)
    expectRaised(
      { code: 'key_disabled', sdk: AuthenticationError, says },
      await raised(key, scene.model.name),
    )
  })

  it('is told when the key expired', async () => {
    const expiresAt = new Date(Date.now() + 2_500).toISOString()
    const { key } = await makeKey({ expires_at: expiresAt })
    expect((await send({ url: weir.url, key, body: chat(scene.model.name) })).status).toBe(200)
    const error = await waitFor(() => raised(key, scene.model.name), { intervalMs: 50 })
    const says = new RegExp(`expired at ${expiresAt.replace('.', '\\.')}`)
    expectRaised({ code: 'key_expired', sdk: AuthenticationError, says }, error)
  })

  it('is told that nobody would pay', async () => {
    const { key } = await makeKey({ team: null })
    const error = await raised(key, scene.model.name)
    const expected = {
      code: 'key_not_associated_with_team',
      sdk: PermissionDeniedError,
      says: /set `team`/,
    } as const
    expectRaised(expected, error)
  })

  it('is told that the model is not allowed, and by whom', async () => {
    const other = { models: ['some-other-model'] }
    const [team, workload] = await Promise.all([
      factory.createTeam(other),
      factory.createWorkload({ workspace: scene.workspace.id, ...other }),
    ])
    const child = await factory.createTeam({ parent: team.id })
    const cases: [object, string][] = [
      [other, 'virtual key'],
      [{ workload: workload.id }, 'workload'],
      [{ team: team.id }, 'team'],
      [{ team: child.id }, 'team'],
      [{ models: [] }, 'virtual key'],
    ]
    for (const [fields, by] of cases) {
      const { key } = await makeKey(fields)
      const error = await raised(key, scene.model.name)
      const says = new RegExp(`not among the models of its ${by}.*GET /v1/models`)
      expectRaised({ code: 'model_not_allowed', sdk: PermissionDeniedError, says, param: 'model' }, error)
    }
  })

  it('is told that the key is for other endpoints, or for management', async () => {
    for (const fields of [{ endpoints: ['embeddings'] }, { type: 'management' }]) {
      const { key } = await makeKey(fields)
      const expected = {
        code: 'endpoint_not_allowed',
        sdk: PermissionDeniedError,
        says: /type management|embeddings/,
      } as const
      expectRaised(expected, await raised(key, scene.model.name))
    }
  })

  it('is told that there is no such model, or no provider of it in this workspace', async () => {
    const error = await raised(scene.key, 'gpt-nonexistent')
    expectRaised(
      { code: 'model_not_found', sdk: NotFoundError, says: /GET \/v1\/models/, param: 'model' },
      error,
    )

    const elsewhere = await factory.createWorkspace()
    const provider = await factory.createProvider({ base_url: upstream.baseUrl, workspace: elsewhere.id })
    const model = await factory.createModel({ provider: provider.id })
    // What another workspace has for itself is not there; it is known here once the next model is.
    const known = await scene.addModel()
    await waitFor(async () =>
      (await send({ url: weir.url, key: scene.key, body: chat(known.name) })).status === 200
        ? true
        : undefined,
    )
    expectRaised(
      { code: 'model_not_found', sdk: NotFoundError, says: /GET \/v1\/models/, param: 'model' },
      await raised(scene.key, model.name),
    )
  })

  function makeKey(fields: object): Promise<Resource & { key: string }> {
    const { workspace, workload, team } = scene
    return factory.createVirtualKey({
      workspace: workspace.id,
      workload: workload.id,
      team: team.id,
      ...fields,
    })
  }
})

describe('what cannot be sent', () => {
  const { BadRequestError, APIError } = OpenAI

  it.each([
    ['not JSON', '{"model":', /not JSON/],
    ['empty', '', /not JSON/],
    ['a list', '[]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['without a model', '{"messages":[]}', /model: must be the name/],
    ['with a model that is no name', '{"model":["a"],"messages":[]}', /model: must be the name/],
  ])('is a body that is %s', async (_, body, says) => {
    const { status, error } = await sendRefused({ url: weir.url, key: scene.key, body })
    check({ status, ...error }, 'invalid_request', says)
  })

  it.each([
    ['stream', { stream: 'yes' }],
    ['stream_options', { stream_options: 'all', stream: true }],
  ])('is a wrong %s, which is named', async (param, fields) => {
    const error = await raised(scene.key, scene.model.name, fields)
    expectRaised(
      { code: 'invalid_request', sdk: BadRequestError, says: new RegExp(`${param}: must be`), param },
      error,
    )
  })

  it('is a body over the limit, announced or not', async () => {
    const body = JSON.stringify(chat(scene.model.name, { user: 'x'.repeat(26 * 1024 * 1024) }))
    const announced = await sendRefused({ url: weir.url, key: scene.key, body })
    check({ status: announced.status, ...announced.error }, 'request_too_large', /larger than 25 MiB/)
    const error = await raised(scene.key, scene.model.name, { user: 'x'.repeat(26 * 1024 * 1024) })
    expect(error).toBeInstanceOf(APIError)
    expect([error.status, error.code]).toEqual([413, 'request_too_large'])

    const chunked = await fetch(`${weir.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: new Blob([body]).stream(),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
  })

  it('is a path or method that does not exist', async () => {
    const cases = [
      { method: 'GET', path: '/v1/chat/completions' },
      { method: 'DELETE', path: '/chat/completions' },
      { method: 'POST', path: '/v1/nothing' },
      { method: 'GET', path: '/nothing/at/all' },
    ]
    for (const call of cases) {
      const { status, error } = await sendRefused({ url: weir.url, key: scene.key, ...call })
      check({ status, ...error }, 'route_not_found', new RegExp(`${call.method} ${call.path}.*/docs`))
    }
  })
})

describe('a provider that fails', () => {
  const { InternalServerError, RateLimitError, BadRequestError } = OpenAI

  /** What the SDK raises when the provider answers in a way, and the attempt in the ledger. */
  async function failure(answer: Answer, fields = {}) {
    upstream.answer(scene.model.name, answer)
    const error = await raised(scene.key, scene.model.name, fields)
    return { error, attempt: await waitForAttempt(weir.management, error.requestID) }
  }

  const secret = 'canary-of-the-provider'
  const body = { error: { message: `Incorrect API key provided: ${secret}`, type: 'x', code: 'theirs' } }

  it.each([
    ['refuses our credential (401)', 401, /refused Weir’s credential.*PATCH \/v1\/providers/],
    ['refuses our credential (403)', 403, /refused Weir’s credential.*PATCH \/v1\/providers/],
    ['has a fault (500)', 500, /status 500/],
    ['is overloaded (503)', 503, /status 503/],
    ['is overloaded (529)', 529, /status 529/],
    ['redirects', 307, /status 307/],
    ['answers with what is no success', 204, /status 204/],
  ])('and %s is a 502 that says so, and none of its words', async (_, status, says) => {
    for (const stream of [false, true]) {
      const { error, attempt } = await failure((call) => call.reply(status, status === 204 ? '' : body), {
        stream,
      })
      expectRaised({ code: 'provider_error', sdk: InternalServerError, says }, error)
      expect(error.message).toContain(scene.provider.name)
      expect(JSON.stringify(error)).not.toContain(secret)
      expect(attempt).toMatchObject({
        ...{ outcome: 'failed', upstream_status: status, error_code: 'provider_error', usage_source: 'none' },
        ...{ input_tokens: 0, output_tokens: 0, cost_usd: '0.000000000' },
      })
    }
  })

  it('does not have its redirects followed', async () => {
    const target = await RawUpstream.start()
    for (const status of [301, 302, 303, 307, 308]) {
      await failure((call) => call.reply(status, '', { location: `${target.baseUrl}/chat/completions` }))
    }
    expect(target.calls).toHaveLength(0)
    await target.stop()
  })

  it('and limits our rate is a 429 with its time to wait', async () => {
    for (const [sent, shown] of [
      ['7', '7'],
      ['later', '1'],
      [undefined, '1'],
    ] as const) {
      const { error } = await failure((call) => call.reply(429, body, sent ? { 'retry-after': sent } : {}))
      expectRaised(
        { code: 'rate_limit_exceeded', sdk: RateLimitError, says: /limiting Weir’s rate.*later/ },
        error,
      )
      expect(error.headers?.get('retry-after')).toBe(shown)
      expect(JSON.stringify(error)).not.toContain(secret)
    }
  })

  it('and does not know the model is a 400 about the model', async () => {
    const { error } = await failure((call) => call.reply(404, body))
    const says = /does not offer it as .* \(status 404\).*Choose another model/
    expectRaised({ code: 'unsupported_model', sdk: BadRequestError, says, param: 'model' }, error)
  })

  const nonsense: [string, Answer][] = [
    ['breaks the connection off', (call) => call.cut()],
    ['is not JSON', (call) => call.reply(200, '<html>maintenance</html>', { 'content-type': 'text/html' })],
    ['is empty', (call) => call.reply(200, '')],
    ['is a part of JSON', (call) => call.reply(200, '{"choices":[')],
    [
      'ends before its length',
      (call) => (
        call.response.writeHead(200, { 'content-length': '100' }),
        call.response.write('{}'),
        call.socket.end()
      ),
    ],
    [
      'is compressed, which was not asked for',
      (call) => call.reply(200, Buffer.from('1f8b', 'hex'), { 'content-encoding': 'gzip' }),
    ],
    ['is not HTTP', (call) => (call.socket.write('SSH-2.0-OpenSSH\r\n\r\n'), call.socket.end())],
  ]
  it.each(nonsense)('in that its answer %s is a 502, and nothing is owed', async (_, answer) => {
    const { error, attempt } = await failure(answer)
    expectRaised(
      { code: 'provider_error', sdk: InternalServerError, says: new RegExp(scene.provider.name) },
      error,
    )
    expect(attempt).toMatchObject({ outcome: 'failed', cost_usd: '0.000000000', usage_source: 'none' })
  })

  it('in that nobody listens, or its name means nothing, is a 502', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    for (const baseUrl of [`http://127.0.0.1:${port}/v1`, 'http://no-such-host.invalid/v1']) {
      const provider = await factory.createProvider({ base_url: baseUrl })
      const model = await factory.createModel({ provider: provider.id })
      await inForce(weir, scene.key, model.name)
      const error = await raised(scene.key, model.name)
      expectRaised({ code: 'provider_error', sdk: InternalServerError, says: /cannot be reached/ }, error)
      expect(JSON.stringify(error) + error.message).not.toContain(String(port))
    }
  })

  it('without the credential that it needs is a 400 that says who can set it', async () => {
    const provider = await factory.createProvider({
      type: 'openai',
      base_url: upstream.baseUrl,
      api_key: null,
    })
    const model = await factory.createModel({ provider: provider.id })
    await inForce(weir, scene.key, model.name)
    const calls = upstream.calls.length
    const error = await raised(scene.key, model.name)
    const says = new RegExp(`set its \`api_key\` with PATCH /v1/providers/${provider.name}`)
    expectRaised({ code: 'provider_key_missing', sdk: BadRequestError, says }, error)
    expect(upstream.calls).toHaveLength(calls)
  })
})

describe('a part of Weir that is away', () => {
  it('is named, while known keys go on: unknown keys and management are refused with 503', async () => {
    upstream.answer(scene.model.name, (call) => call.reply(200, { choices: [] }))
    await weir.stopProcess('identity')
    try {
      for (let asked = 0; asked < 4; asked += 1) {
        expect((await send({ url: weir.url, key: scene.key, body: chat(scene.model.name) })).status).toBe(200)
      }
      const { InternalServerError, AuthenticationError } = OpenAI
      const error = await raised(generateVirtualKey(), scene.model.name)
      expectRaised(
        { code: 'service_unavailable', sdk: InternalServerError, says: /identity.*try again/ },
        error,
      )
      expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0)
      // What cannot be a key is known to be none without asking.
      expect(await raised('vk_guess', scene.model.name)).toBeInstanceOf(AuthenticationError)
      const reply = await sendRefused({
        url: weir.url,
        path: '/v1/teams',
        method: 'GET',
        key: weir.masterKey,
      })
      check({ status: reply.status, ...reply.error }, 'service_unavailable', /identity.*Try again/)
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    } finally {
      await weir.startProcess('identity')
      await waitFor(async () => (await weir.management.send('GET', '/v1/teams?limit=1')).status === 200, {
        timeoutMs: 30_000,
      })
    }
  })
})

it('has shown every code of the table that can occur here', () => {
  const elsewhere: ErrorCode[] = [
    // timeout.e2e.spec.ts
    'provider_timeout',
    // management-refusal.e2e.spec.ts
    ...(['organization_not_found', 'team_not_found', 'workspace_not_found', 'workload_not_found'] as const),
    ...(['request_not_found', 'key_not_found', 'already_exists', 'in_use'] as const),
    // governance/whitelist.e2e.spec.ts, budget.e2e.spec.ts, roles.e2e.spec.ts, people.e2e.spec.ts
    ...(['source_not_allowed', 'budget_exceeded', 'permission_denied', 'invalid_credentials'] as const),
    // Specs of the services: management of keys, people and budgets.
    ...(['key_wider_than_maker', 'user_not_found', 'member_not_found', 'invitation_not_found'] as const),
    ...(['service_account_not_found', 'budget_not_found', 'provider_not_found'] as const),
    // Specs of the catalog and of the gateway: deployments, repositories, versions, idempotency.
    ...(['deployment_not_allowed', 'deployment_not_found', 'repository_not_found'] as const),
    ...(['version_not_found', 'idempotency_conflict'] as const),
    // policy/policy.e2e.spec.ts, and the specs of the policy service.
    ...(['policy_violation', 'policy_not_found', 'violation_not_found'] as const),
    // A fault of our own is not to be had.
    'internal_error',
  ]
  expect([...seen, ...elsewhere].sort()).toEqual(Object.keys(errorTable).sort())
})
