import { waitFor } from '@weir/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Factory, unique } from '../stack/factory.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const other = unique('org')
const id = (what: string) => `${what}_${other.replace(/\W/g, '')}`
const eventId = '00000000-0000-7000-8000-0000000000b0'
const figures = {
  ...{ requests: 1, attempts: 1, input_tokens: 7, cached_input_tokens: 0, cache_write_tokens: 0 },
  ...{ output_tokens: 7, reasoning_tokens: 0, unpriced_attempts: 0, cost_nano_usd: 7 },
}
const dimensions = {
  ...{ organization: other, team: id('team'), workspace: id('ws'), workload: id('bot') },
  ...{ model: id('model'), provider: 'p', virtual_key: id('key') },
}

/** All that another organization has, as the services would have written it; referred to comes first. */
const rows: [table: string, row: Record<string, unknown>][] = [
  ['identity.organization', { id: other, name: 'B' }],
  ['identity.team', { id: id('team'), organization: other }],
  ['identity.workspace', { id: id('ws'), organization: other, name: 'b', environment: 'staging' }],
  [
    'identity.workload',
    { id: id('bot'), organization: other, workspace: id('ws'), name: 'b', models: ['*'] },
  ],
  [
    'identity.virtual_key',
    {
      ...{ id: id('key'), organization: other, hash: Buffer.alloc(32, 0xb0), hint: 'vk_…', name: 'b' },
      ...{ workspace: id('ws'), type: 'llm', disabled: false },
    },
  ],
  [
    'identity.app_user',
    { id: id('usr'), organization: other, email: `${other}@example.org`, name: 'B', organization_roles: [] },
  ],
  [
    'identity.service_account',
    {
      ...{ id: id('svc'), organization: other, name: 'b', secret_hash: Buffer.alloc(32, 0xb1) },
      ...{ organization_roles: [], workspace_roles: {} },
    },
  ],
  ['catalog.provider', { id: id('prov'), organization: other, name: 'b', type: 'sandbox' }],
  [
    'catalog.model',
    {
      ...{ id: id('model'), organization: other, name: 'b', provider: id('prov'), provider_model: 'b' },
      price_source: 'free',
    },
  ],
  [
    'policy.budget',
    {
      ...{ id: id('bud'), organization: other, scope: 'workspace', scope_id: id('ws'), source: 'budget' },
      ...{
        amount_nano_usd: 7,
        period: 'daily',
        time_zone: 'UTC',
        hard: true,
        thresholds: [],
        lowers_output: false,
      },
    },
  ],
  [
    'policy.policy',
    {
      ...{
        id: id('pol'),
        organization: other,
        name: 'b',
        text: 'b',
        deployments: [],
        workloads: [],
        models: [],
      },
      ...{ risk: 'low', plan: { source: 'text', detectors: [], judge: null }, action: 'log', mode: 'off' },
      ...{ applies_to: 'input', version: 1 },
    },
  ],
  [
    'policy.violation',
    {
      ...{ id: id('vio'), organization: other, policy: id('pol'), policy_name: 'b', policy_version: 1 },
      ...{ mode: 'shadow', action: 'log', risk: 'low', direction: 'input', request_id: id('req') },
      ...{ workspace: id('ws'), workload: '', team: id('team'), virtual_key: id('key'), model: 'b' },
      ...{ provider: 'b', deployment: '', repository: '', detectors: ['email'], finding_count: 1 },
      ...{ findings: '[]', found_at: new Date() },
    },
  ],
  [
    'metering.ledger',
    {
      ...dimensions,
      ...{
        event_id: eventId,
        request_id: id('req'),
        attempt: 1,
        started_at: new Date(),
        ended_at: new Date(),
      },
      ...{
        rated_at: new Date(),
        team_path: '',
        endpoint: 'chat',
        provider_model: 'b',
        provider_id: id('prov'),
      },
      ...{ price_id: '', outcome: 'succeeded', upstream_status: 200, error_code: '', streamed: false },
      ...{ usage_source: 'reported', input_tokens: 7, cached_input_tokens: 0, cache_write_tokens: 0 },
      ...{ output_tokens: 7, reasoning_tokens: 0, first_byte_ms: 1, duration_ms: 1, rating_status: 'rated' },
      cost_nano_usd: 7,
    },
  ],
  ['metering.usage_hourly', { ...dimensions, ...figures, start: hour(), dimensions: eventId }],
  [
    'aggregator.rollup',
    { ...dimensions, ...figures, team_path: '', interval: 'hour', start: hour(), dimensions: eventId },
  ],
]

function hour(): Date {
  return new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000)
}

describe('another organization (threat 9)', () => {
  let weir: SharedWeir
  let sql: pg.Client

  beforeAll(async () => {
    weir = await useWeir()
    sql = new pg.Client({ connectionString: weir.postgresUrl })
    await sql.connect()
    for (const [table, row] of rows) {
      const names = Object.keys(row)
      await sql.query(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
        Object.values(row),
      )
    }
  })
  afterAll(async () => {
    for (const [table] of rows.toReversed()) {
      await sql.query(
        `DELETE FROM ${table} WHERE ${table === 'identity.organization' ? 'id' : 'organization'} = $1`,
        [other],
      )
    }
    await sql.end()
  })

  it.each([
    ['organizations', other, { name: 'mine' }],
    ['teams', id('team'), { models: [] }],
    ['workspaces', id('ws'), { name: 'mine' }],
    ['workloads', id('bot'), { name: 'mine' }],
    ['keys', id('key'), { disabled: true }],
    ['users', id('usr'), { name: 'mine' }],
    ['service-accounts', id('svc'), { name: 'mine' }],
    ['budgets', id('bud'), { amount: '1' }],
    ['policies', id('pol'), { risk: 'high' }],
    ['policies/violations', id('vio'), undefined],
    ['providers', id('prov'), { name: 'mine' }],
    ['models', id('model'), { name: 'mine' }],
    ['requests', id('req'), undefined],
  ])('is not there: its %s are neither read, changed, deleted nor listed', async (resource, of, change) => {
    const { management } = weir
    const path = `/v1/${resource}/${of}`
    expect((await management.send('GET', path)).status).toBe(404)
    if (change) expect((await management.send('PATCH', path, change)).status).toBe(404)
    if (change && resource !== 'organizations')
      expect((await management.send('DELETE', path)).status).toBe(404)
    const reply = await management.send('GET', `/v1/${resource}?limit=1000`)
    expect(reply.status).toBe(200)
    expect(reply.text).not.toContain(of)
    expect(reply.text).not.toContain(other)
  })

  it.each([
    ['organizations', other],
    ['teams', id('team')],
    ['workspaces', id('ws')],
    ['workloads', id('bot')],
    ['keys', id('key')],
  ])('keeps what it may spend to itself: /v1/%s/…/budget', async (resource, of) => {
    expect((await weir.management.send('GET', `/v1/${resource}/${of}/budget`)).status).toBe(404)
  })

  it('is not there for what is made here', async () => {
    const { management } = weir
    const factory = new Factory(management)
    const workspace = await factory.createWorkspace()
    const refused = async (path: string, fields: Record<string, unknown>) =>
      (await management.send('POST', path, { name: unique('mine'), ...fields })).status
    expect(await refused('/v1/keys', { workspace: id('ws') })).toBe(404)
    expect(await refused('/v1/keys', { workspace: workspace.id, team: id('team') })).toBe(404)
    expect(await refused('/v1/keys', { workspace: workspace.id, workload: id('bot') })).toBe(404)
    expect(await refused('/v1/teams', { parent: id('team') })).toBe(404)
    expect(await refused('/v1/workloads', { workspace: id('ws'), models: ['*'] })).toBe(404)
    expect(await refused('/v1/models', { provider: id('prov'), provider_model: 'b', free: true })).toBe(404)
    expect(await refused('/v1/providers', { type: 'sandbox', workspace: id('ws') })).toBe(404)
    expect((await management.send('POST', `/v1/keys/${id('key')}/rotate`)).status).toBe(404)
    expect((await management.send('GET', `/v1/keys/${id('key')}/effective`)).status).toBe(404)
    expect((await management.send('GET', `/v1/workspaces/${id('ws')}/members`)).status).toBe(404)
    expect((await management.send('GET', `/v1/workspaces/${id('ws')}/models`)).status).toBe(404)
  })

  it.each(['usage', 'costs', 'requests'])(
    'has its own figures: /v1/%s has none of them',
    async (resource) => {
      const grouped = resource === 'requests' ? '' : '&group_by=team,key,model'
      const reply = await weir.management.send(
        'GET',
        `/v1/${resource}?limit=1000&team=${id('team')}${grouped}`,
      )
      expect([reply.status, (reply.body as { data: unknown[] }).data]).toEqual([200, []])
    },
  )

  it('has an audit trail of its own, on which the attempts above are not', async () => {
    await waitFor(async () =>
      (await weir.management.send('GET', `/v1/audit?resource=${id('svc')}`)).text.includes('404'),
    )
    // What was written beside the services, in the database itself, is on record too: with its organization.
    const { rows: own } = await waitFor(
      async () => {
        const found = await sql.query<{ actor_kind: string; resource: string }>(
          `SELECT actor_kind, resource FROM identity.audit_entry WHERE organization = $1 ORDER BY sequence`,
          [other],
        )
        return found.rows.length >= 9 ? found : undefined
      },
      { what: 'the entries of the other organization' },
    )
    expect(new Set(own.map(({ actor_kind: kind }) => kind))).toEqual(new Set(['database']))
    const mine = await weir.management.send('GET', `/v1/audit?actor=postgres&limit=1000`)
    expect(mine.text).not.toContain(other)
  })
})
