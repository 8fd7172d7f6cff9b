import { createBus } from '@weir/bus'
import {
  createGrpcClient,
  type GrpcClient,
  policyV1,
  type ViolationFound,
  violationFound,
} from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPolicy, trust } from '../testing/running-policy.js'
import type { ViolationResponse } from '../violation/violation.dto.js'
import type { PolicyResponse } from './policy.dto.js'
import type { PolicyVersionResponse } from './policy-version.dto.js'

interface List<Row> {
  data: Row[]
  next_cursor: string | null
}

let policy: RunningPolicy
let evaluation: GrpcClient<typeof policyV1.EvaluationServiceService>

beforeAll(async () => {
  policy = await RunningPolicy.start()
  for (const id of ['ws_1', 'ws_2']) policy.identity.setWorkspace(id)
  policy.identity.setWorkspace('ws_other', 'org_other')
  evaluation = createGrpcClient(policyV1.EvaluationServiceService, policy.address, trust)
})
afterAll(async () => {
  evaluation.close()
  await policy.stop()
})

const card = '4111 1111 1111 1111'

const fields = (given: Record<string, unknown> = {}) => ({
  ...{
    name: `policy ${randomUUID()}`,
    scope: { workspace: 'ws_1' },
    text: 'No card numbers',
    detectors: ['payment_card'],
  },
  ...{ action: 'block', mode: 'enforce', applies_to: 'input' },
  ...given,
})

const post = (given?: Record<string, unknown>) =>
  policy.call<PolicyResponse>('POST', '/v1/policies', fields(given))

async function create(given?: Record<string, unknown>): Promise<PolicyResponse> {
  const { status, body } = await post(given)
  if (status !== 201) throw new Error(`A policy was answered with ${status}: ${JSON.stringify(body)}`)
  return body
}

const remove = ({ id }: PolicyResponse) => policy.call('DELETE', `/v1/policies/${id}`)

const evaluate = (texts: string[], given: Partial<policyV1.EvaluateRequest> = {}) =>
  evaluation.evaluate({
    ...{ organization: 'org_default', workspace: 'ws_1', workload: '', model: 'small', models: ['small'] },
    ...{ requestId: `req_${randomUUID()}`, direction: 'input', deployment: '', deploymentId: '' },
    ...{ repository: '', repositoryId: '', provider: 'vendor', virtualKey: 'key_1', team: 'sales' },
    texts: texts.map((text, message) => ({ place: `messages[${message}].content`, text, message })),
    ...given,
  })

const violationsOf = async (query: string): Promise<List<ViolationResponse>> =>
  (await policy.call<List<ViolationResponse>>('GET', `/v1/policies/violations?${query}`)).body

describe('policies over REST', () => {
  it('are made with their plan, changed, told in versions, and deleted', async () => {
    const made = await create({
      detectors: undefined,
      text: 'No credit card numbers, no IBANs.',
      owner: 'ann',
    })
    expect(made).toMatchObject({
      ...{ scope: { workspace: 'ws_1' }, risk: 'medium', mode: 'enforce', action: 'block', version: 1 },
      ...{ on_failure: 'closed', owner: 'ann', message: null },
      plan: { source: 'text', judge: null },
    })
    expect([...made.plan.detectors].sort()).toEqual(['iban', 'payment_card'])

    const change = { detectors: ['email'], action: 'log', scope: { workspace: 'ws_1', models: ['small'] } }
    const changed = await policy.call<PolicyResponse>('PATCH', `/v1/policies/${made.id}`, change)
    expect(changed.body).toMatchObject({
      ...{ version: 2, action: 'log', on_failure: 'open', scope: { workspace: 'ws_1', models: ['small'] } },
      plan: { source: 'detectors', detectors: ['email'] },
    })
    const again = await policy.call<PolicyResponse>('PATCH', `/v1/policies/${made.name}`, { detectors: null })
    expect(again.body.plan.source).toBe('text')

    const path = `/v1/policies/${made.id}/versions`
    const versions = await policy.call<List<PolicyVersionResponse>>('GET', `${path}?limit=2`)
    expect(versions.body.data.map(({ version }) => version)).toEqual([3, 2])
    expect(versions.body.data[1]).toMatchObject({ changed_by: 'master_key', content: { action: 'log' } })
    const rest = `${path}?cursor=${versions.body.next_cursor}`
    expect((await policy.call<List<PolicyVersionResponse>>('GET', rest)).body.data).toMatchObject([
      { version: 1, content: { action: 'block', owner: 'ann', scope: { workspace: 'ws_1' } } },
    ])

    expect((await remove(made)).status).toBe(204)
    expect((await policy.call('GET', `/v1/policies/${made.id}`)).body.error?.code).toBe('policy_not_found')
  })

  it('show a plan without saving anything', async () => {
    const { body } = await policy.call<PolicyResponse['plan']>('POST', '/v1/policies/plan', {
      text: 'No e-mail addresses to providers outside the EU',
    })
    expect(body).toEqual({
      ...{ source: 'text', detectors: ['email'] },
      judge: { unclear_words: ['outside', 'eu'], is_available: false },
    })
  })

  it('are refused where enforcing them would take a judge, and say what to do', async () => {
    const judged = { text: 'No harassment', detectors: undefined }
    const { status, body } = await post(judged)
    expect(status).toBe(400)
    expect(body.error?.message).toMatch(/judge.*harassment.*detectors/s)
    const made = await create({ ...judged, mode: 'off' })
    const enforced = await policy.call('PATCH', `/v1/policies/${made.id}`, { mode: 'enforce' })
    expect([enforced.status, enforced.body.error?.code]).toEqual([400, 'invalid_request'])
    await remove(made)
  })

  it.each([
    [{ scope: { workspace: 'ws_1', repository: 'r' } }, 'scope'],
    [{ scope: undefined }, 'scope'],
    [{ detectors: ['no_such'] }, 'no_such'],
    [{ detectors: [7] }, 'entry 0'],
    [{ action: 'explode' }, 'action'],
    [{ mode: 'maybe' }, 'mode'],
    [{ applies_to: 'all' }, 'applies_to'],
    [{ applies_to: 'both' }, 'applies_to'],
    [{ text: ' ' }, 'text'],
    [{ api_base: 'http://x.example' }, 'api_base'],
    [{ action: 'mask', detectors: undefined, text: 'No harassment', mode: 'shadow' }, 'mask'],
  ])('are refused with %j', async (given, said) => {
    const { status, body } = await post(given)
    expect(status).toBe(400)
    expect(body.error?.message).toContain(said)
  })

  it('know no workspace of another organization, and no name twice', async () => {
    const other = await post({ scope: { workspace: 'ws_other' } })
    expect(other.body.error?.code).toBe('workspace_not_found')
    const made = await create()
    expect((await post({ name: made.name })).body.error?.code).toBe('already_exists')
    await remove(made)
  })
})

describe('evaluation', () => {
  const verdictOf = async (...asked: Parameters<typeof evaluate>) => (await evaluate(...asked)).verdict

  it('holds to a policy as soon as it is made, changed and deleted', async () => {
    const made = await create({ message: 'No cards here.' })
    await waitFor(async () => (await verdictOf([card])) === 'block')
    await expect(evaluate(['fine', card])).resolves.toMatchObject({
      policy: made.name,
      message: 'No cards here.',
    })
    await expect(verdictOf(['nothing'])).resolves.toBe('allow')
    await policy.call('PATCH', `/v1/policies/${made.id}`, { action: 'mask' })
    await waitFor(async () => (await verdictOf([card])) === 'mask')
    await expect(evaluate(['fine', `my ${card}.`])).resolves.toMatchObject({
      masked: [{ index: 1, text: 'my [payment_card].' }],
    })
    await remove(made)
    await waitFor(async () => (await verdictOf([card])) === 'allow')
  })

  it('counts only what is in scope', async () => {
    const made = await create({
      scope: { workspace: 'ws_1', models: ['small', 'tiny'], deployments: ['fast'] },
    })
    const inScope = { models: ['large', 'small'], deployment: 'fast', deploymentId: 'dep_1' }
    await waitFor(async () => (await verdictOf([card], inScope)) === 'block')
    await expect(verdictOf([card], { ...inScope, models: ['large'] })).resolves.toBe('allow')
    await expect(verdictOf([card], { ...inScope, deployment: '' })).resolves.toBe('allow')
    await expect(verdictOf([card], { ...inScope, workspace: 'ws_2' })).resolves.toBe('allow')
    await expect(verdictOf([card], { ...inScope, organization: 'org_other' })).resolves.toBe('allow')
    await expect(verdictOf([card], { ...inScope, direction: 'output' })).resolves.toBe('allow')
    await remove(made)
  })

  it('records each violation once, with places and kinds and never the text, and tells the bus', async () => {
    const bus = createBus({ databaseUrl: policy.url, clientId: 'test' })
    const events: ViolationFound[] = []
    await bus.subscribe({
      ...{ group: randomUUID(), topics: [violationFound.topic] },
      handle: async ({ messages }) =>
        void events.push(...messages.map(({ value }) => violationFound.decode(value))),
    })
    const shadow = await create({ mode: 'shadow', risk: 'high' })
    const logging = await create({ action: 'log', detectors: ['payment_card', 'email'] })
    const requestId = `req_${randomUUID()}`
    await waitFor(async () => {
      const probe = `req_${randomUUID()}`
      await evaluate([card], { requestId: probe })
      return (await violationsOf(`request_id=${probe}`)).data.length === 2
    })
    await expect(verdictOf(['ann@mail.example', `card ${card}`], { requestId })).resolves.toBe('allow')
    const { data } = await violationsOf(`request_id=${requestId}`)
    expect(data.map((each) => each.policy).sort()).toEqual([shadow.id, logging.id].sort())
    const [ofShadow] = data.filter((each) => each.policy === shadow.id)
    expect(ofShadow).toMatchObject({
      ...{ mode: 'shadow', action: 'block', risk: 'high', direction: 'input', policy_version: 1 },
      ...{ workspace: 'ws_1', workload: null, team: 'sales', virtual_key: 'key_1', provider: 'vendor' },
      ...{ detectors: ['payment_card'], finding_count: 1 },
      findings: [{ detector: 'payment_card', place: 'messages[1].content', start: 5, end: 24 }],
    })
    expect((await violationsOf(`request_id=${requestId}&mode=enforce`)).data).toMatchObject([
      { policy: logging.id, detectors: ['email', 'payment_card'], finding_count: 2 },
    ])
    expect((await violationsOf(`request_id=${requestId}&detector=email`)).data).toHaveLength(1)
    expect((await violationsOf(`request_id=${requestId}&workspace=ws_2`)).data).toEqual([])
    const one = await policy.call<ViolationResponse>('GET', `/v1/policies/violations/${ofShadow?.id}`)
    expect(one.body).toEqual(ofShadow)

    await waitFor(() => events.filter((event) => event.requestId === requestId).length === 2)
    const [event] = events.filter((each) => each.violation === ofShadow?.id)
    expect(event).toMatchObject({
      policy: shadow.id,
      detectors: 'payment_card',
      findingCount: 1,
      mode: 'shadow',
    })
    const { rows } = await policy.sql.query<{ dump: string }>(
      `SELECT (SELECT string_agg(v::text, ' ') FROM violation v) AS dump`,
    )
    expect(JSON.stringify([rows, events])).not.toMatch(/4111|ann@mail/)
    await Promise.all([remove(shadow), remove(logging)])
    // What was violated outlives the policy.
    expect((await violationsOf(`policy=${shadow.id}`)).data.length).toBeGreaterThan(0)
    await bus.close()
  })

  it('is reviewed, and counted by what it is of', async () => {
    const made = await create({ action: 'log' })
    await waitFor(async () => {
      await evaluate([card], { provider: 'reviewed' })
      return (await violationsOf(`policy=${made.id}`)).data.length === 2
    })
    const [first] = (await violationsOf(`policy=${made.id}`)).data
    const path = `/v1/policies/violations/${first?.id}`
    const reviewed = await policy.call<ViolationResponse>('PATCH', path, {
      ...{ review: 'false_positive', note: 'A test number.' },
    })
    expect(reviewed.body).toMatchObject({
      ...{ review: 'false_positive', review_note: 'A test number.', reviewed_by: 'master_key' },
    })
    expect((await violationsOf(`policy=${made.id}&review=false_positive`)).data).toHaveLength(1)
    expect((await violationsOf(`policy=${made.id}&review=`)).data).toHaveLength(1)
    for (const [by, value] of [
      ['policy', made.id],
      ['provider', 'reviewed'],
      ['workload', null],
    ]) {
      const { body } = await policy.call<List<unknown>>(
        'GET',
        `/v1/policies/violations/counts?group_by=${by}&policy=${made.id}`,
      )
      expect(body.data).toMatchObject([{ value, violations: 2, blocked: 0, upheld: 0, false_positives: 1 }])
    }
    expect((await policy.call('GET', '/v1/policies/violations/counts?group_by=moon')).status).toBe(400)
    expect((await policy.call('PATCH', path, { review: 'maybe' })).status).toBe(400)
    expect((await policy.call('PATCH', '/v1/policies/violations/vio_none', {})).status).toBe(404)
    await remove(made)
  })

  it('pages through violations, the newest first', async () => {
    const made = await create({ action: 'log' })
    await waitFor(async () => {
      await evaluate([card])
      return (await violationsOf(`policy=${made.id}`)).data.length >= 3
    })
    const seen: string[] = []
    for (let cursor = ''; ;) {
      const page = await violationsOf(`policy=${made.id}&limit=1${cursor}`)
      seen.push(...page.data.map(({ found_at: foundAt }) => foundAt))
      if (page.next_cursor === null) break
      cursor = `&cursor=${page.next_cursor}`
    }
    expect(seen).toHaveLength(3)
    expect(seen).toEqual([...seen].sort().reverse())
    await remove(made)
  })
})
