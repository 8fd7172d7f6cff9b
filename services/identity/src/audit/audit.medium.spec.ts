import { actionRecorded, type ActionRecorded } from '@weir/contracts'
import { waitFor } from '@weir/testing'
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { keyPepper, masterKey, RunningIdentity } from '../testing/running-identity.js'
import type { AuditEntryResponse, AuditVerification } from './audit.dto.js'

interface Page {
  data: AuditEntryResponse[]
  has_more: boolean
  next_cursor: string | null
}

describe('the audit trail', () => {
  let identity: RunningIdentity

  beforeAll(async () => void (identity = await RunningIdentity.start()))
  afterAll(() => identity.stop())

  const list = async (query: string) => (await identity.call<Page>('GET', `/v1/audit?${query}`)).body.data
  const entries = (query: string, count: number) =>
    waitFor(
      async () => {
        const found = await list(query)
        return found.length >= count ? found : undefined
      },
      { what: `${count} entries of ${query}`, timeoutMs: 10_000 },
    )
  const verify = async () => (await identity.call<AuditVerification>('GET', '/v1/audit/verify')).body
  const recorded = (more: Partial<ActionRecorded>): ActionRecorded => ({
    ...{ eventId: randomUUID(), occurredAt: '2026-01-31T12:00:00.123Z', organization: 'org_default' },
    ...{ workspace: '', service: 'catalog', actorKind: 'user', actorId: 'usr_a', actorName: 'a@example.org' },
    ...{ credential: 'ses_a', address: '192.0.2.1', requestId: 'req_a', resource: 'model', resourceId: 'm' },
    ...{
      action: 'create',
      outcome: 'done',
      status: 0,
      errorCode: '',
      before: '',
      after: '{}',
      unrecorded: 0,
    },
    ...more,
  })
  const publish = (...events: ActionRecorded[]) =>
    identity.bus.publish(
      actionRecorded.topic,
      events.map((event) => actionRecorded.encode(event, 'weir/test')),
    )

  it('has each change of each resource once: who, from where, before and after', async () => {
    const headers = { authorization: `Bearer ${masterKey}`, 'x-request-id': 'req-of-the-test' }
    const call = async (method: string, path: string, body?: object) => {
      const answer = await identity.call<{ id?: string }>(method, path, body, headers)
      expect(answer.status, `${method} ${path}`).toBeLessThan(300)
      return answer.body.id ?? ''
    }
    const workspace = await call('POST', '/v1/workspaces', { name: 'prod', environment: 'production' })
    await call('POST', '/v1/teams', { name: 'sales', models: ['a'] })
    await call('POST', '/v1/workloads', { id: 'bot', name: 'Bot', workspace: 'prod', models: ['*'] })
    const virtualKey = await call('POST', '/v1/keys', { name: 'k', workspace: 'prod' })
    await call('PATCH', '/v1/workspaces/prod', { description: 'the real one' })
    await call('PATCH', '/v1/teams/sales', { models: ['a', 'b'] })
    await call('PATCH', '/v1/workloads/bot', { name: 'Robot' })
    await call('PATCH', `/v1/keys/${virtualKey}`, { disabled: true })
    await call('PATCH', '/v1/organizations/org_default', { name: 'Renamed' })
    await call('DELETE', `/v1/keys/${virtualKey}`)
    await call('DELETE', '/v1/workloads/bot')
    await call('DELETE', '/v1/teams/sales')
    await call('DELETE', '/v1/workspaces/prod')

    await entries('resource=workspace&action=delete', 1)
    const all = (await list('limit=1000')).reverse()
    expect(all.map(({ action, resource, resource_id: id }) => `${action} ${resource} ${id}`)).toEqual([
      `create workspace ${workspace}`,
      'create team sales',
      'create workload bot',
      `create virtual_key ${virtualKey}`,
      `update workspace ${workspace}`,
      'update team sales',
      'update workload bot',
      `update virtual_key ${virtualKey}`,
      'update organization org_default',
      `delete virtual_key ${virtualKey}`,
      'delete workload bot',
      'delete team sales',
      `delete workspace ${workspace}`,
    ])
    for (const entry of all) {
      expect(entry).toMatchObject({
        ...{ actor_kind: 'master_key', actor_id: 'master_key', credential: 'master_key', outcome: 'done' },
        ...{ request_id: 'req-of-the-test', address: '127.0.0.1', service: 'identity', status: null },
      })
      expect([entry.before === null, entry.after === null]).toEqual([
        entry.action === 'create',
        entry.action === 'delete',
      ])
    }
    expect(all[5]).toMatchObject({ before: { models: ['a'] }, after: { models: ['a', 'b'] } })
    expect(all[6]).toMatchObject({ workspace, before: { name: 'Bot' }, after: { name: 'Robot' } })
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index + 1))
    expect(await verify()).toMatchObject({ valid: true, entries: all.length, broken: null })
  })

  it('has no key value, no hash and no credential (threat 17)', async () => {
    await identity.create('/v1/workspaces', { name: 'secret' })
    const made = await identity.create<{ id: string; key: string }>('/v1/keys', {
      name: 'k',
      workspace: 'secret',
    })
    const rotated = await identity.call('POST', `/v1/keys/${made.id}/rotate`)
    const [update] = await entries(`resource=${made.id}&action=update`, 1)
    expect(update).toMatchObject({ before: { hash: '[secret]' }, after: { hash: '[secret, changed]' } })
    const { rows } = await identity.sql.query<{ text: string }>(
      `SELECT string_agg(audit_entry::text, '') AS text FROM audit_entry`,
    )
    const hashes = await identity.sql.query<{ hash: string }>(
      `SELECT encode(hash, 'hex') AS hash FROM virtual_key`,
    )
    const secrets = [
      ...[made.key, String(rotated.body.key), masterKey, keyPepper],
      ...[made.key.slice(-12), String(rotated.body.key).slice(-12)],
      ...hashes.rows.map(({ hash }) => hash),
    ]
    for (const secret of secrets) expect(rows[0]?.text).not.toContain(secret)
  })

  it('has what was refused and what failed, and by whom', async () => {
    const refused = async (
      method: string,
      path: string,
      body: object | undefined,
      headers?: Record<string, string>,
    ) => (await identity.call(method, path, body, headers)).status
    expect(await refused('POST', '/v1/teams', { name: 'x' }, {})).toBe(401)
    expect(await refused('DELETE', '/v1/teams/x', undefined, { authorization: 'Bearer wrong-canary' })).toBe(
      401,
    )
    expect(await refused('PATCH', '/v1/teams/absent', { models: ['a'] })).toBe(404)
    expect(await refused('POST', '/v1/keys/key_absent/rotate', undefined)).toBe(404)
    expect(await refused('POST', '/v1/workspaces', { name: 7 })).toBe(400)
    expect(await refused('GET', '/v1/teams/absent', undefined)).toBe(404)
    expect(await refused('POST', '/v1/nothing', {})).toBe(404)
    await entries('resource=workspace&outcome=failed', 1)
    const found = (await list('outcome=refused&outcome=failed')).reverse()
    expect(
      found.map((entry) =>
        [
          entry.actor_kind,
          entry.action,
          entry.resource,
          entry.resource_id,
          entry.outcome,
          entry.status,
          entry.error_code,
        ].join(' '),
      ),
    ).toEqual([
      'anonymous create team  refused 401 missing_api_key',
      'anonymous delete team x refused 401 invalid_api_key',
      'master_key update team absent refused 404 team_not_found',
      'master_key rotate virtual_key key_absent refused 404 key_not_found',
      'master_key create workspace  failed 400 invalid_request',
    ])
    expect(JSON.stringify(found)).not.toContain('canary')
  })

  it('tells of people: who made whom what, who signed in, who was refused; without a secret (threat 17)', async () => {
    const password = 'canary-correct-horse'
    const user = await identity.create('/v1/users', { email: 'audited@example.org', name: 'A', password })
    const { id: workspace } = await identity.create('/v1/workspaces', { name: 'people' })
    await identity.create(`/v1/workspaces/${workspace}/members`, { user: user.id, role: 'viewer' })
    const invited = await identity.create<{ id: string; link: string }>(
      `/v1/workspaces/${workspace}/invitations`,
      { email: 'invited@example.org', role: 'member' },
    )
    const account = await identity.create<{ id: string; secret: string }>('/v1/service-accounts', {
      ...{ name: 'audited', workspace, role: 'viewer' },
    })
    const wrong = { email: 'audited@example.org', password: 'canary-wrong' }
    expect((await identity.call('POST', '/v1/sessions', wrong, {})).status).toBe(401)
    const session = await identity.call<{ session: string }>(
      ...(['POST', '/v1/sessions', { email: 'audited@example.org', password }, {}] as const),
    )
    const headers = { authorization: `Bearer ${session.body.session}` }
    expect((await identity.call('POST', invited.link, { password: 'short' }, {})).status).toBe(400)
    expect((await identity.call('POST', '/v1/teams', { name: 'mine' }, headers)).status).toBe(403)

    const one = async (query: string) => (await entries(query, 1))[0]
    const byMaster = { actor_kind: 'master_key', outcome: 'done', before: null }
    expect(await one('resource=user&action=create')).toMatchObject({
      ...{ ...byMaster, resource_id: user.id, after: { password_hash: '[secret]' } },
    })
    expect(await one('resource=member')).toMatchObject({ ...byMaster, workspace, after: { role: 'viewer' } })
    expect(await one(`resource=${invited.id}`)).toMatchObject({ ...byMaster, workspace })
    expect(await one(`resource=${account.id}`)).toMatchObject({ after: { secret_hash: '[secret]' } })
    expect(await one('resource=session&action=create&outcome=done')).toMatchObject({
      ...{ actor_kind: 'anonymous', address: '127.0.0.1', after: { user_id: user.id, hash: '[secret]' } },
    })
    expect(await one('resource=session&outcome=refused')).toMatchObject({ status: 401, address: '127.0.0.1' })
    expect(await one(`actor=${user.id}&outcome=refused`)).toMatchObject({
      ...{ actor_kind: 'user', actor_name: 'audited@example.org', resource: 'team', status: 403 },
    })
    expect(await one('resource=invitation&outcome=failed')).toMatchObject({ resource_id: '[secret]' })
    const { rows } = await identity.sql.query<{ text: string }>(
      `SELECT string_agg(audit_entry::text, '') AS text FROM audit_entry`,
    )
    const token = invited.link.split(/[=/]/).at(-1)
    for (const secret of ['canary', session.body.session, account.secret, token]) {
      expect(rows[0]?.text).not.toContain(secret)
    }
  })

  it('is filtered by actor, action, resource and time, and paged', async () => {
    await publish(
      recorded({ resourceId: 'first' }),
      recorded({ resourceId: 'second', action: 'update', occurredAt: '2026-02-28T00:00:00Z' }),
      recorded({ resourceId: 'third', actorId: 'usr_b', actorName: 'b@example.org', credential: 'ses_b' }),
    )
    await entries('actor=usr_b', 1)
    const ids = async (query: string) => (await list(query)).map(({ resource_id: id }) => id)
    expect(await ids('actor=usr_a')).toEqual(['second', 'first'])
    expect(await ids('actor=a%40example.org&actor=ses_b')).toEqual(['third', 'second', 'first'])
    expect(await ids('actor=usr_a&action=update')).toEqual(['second'])
    expect(await ids('resource=third')).toEqual(['third'])
    expect(await ids('resource=model&start=2026-02-01&end=2026-03-01')).toEqual(['second'])
    expect((await identity.call('GET', '/v1/audit?start=yesterday')).status).toBe(400)
    expect((await identity.call('GET', '/v1/audit?cursor=x')).status).toBe(400)
    const first = await identity.call<Page>('GET', '/v1/audit?resource=model&limit=2')
    const second = await identity.call<Page>(
      'GET',
      `/v1/audit?resource=model&limit=2&cursor=${first.body.next_cursor}`,
    )
    expect([...first.body.data, ...second.body.data].map(({ resource_id: id }) => id)).toEqual([
      ...['third', 'second', 'first'],
    ])
    expect([first.body.has_more, second.body.has_more]).toEqual([true, false])
  })

  it('is exported whole as JSON lines', async () => {
    await publish(
      ...Array.from({ length: 2_500 }, (_, i) => recorded({ resource: 'bulk', resourceId: `b${i}` })),
    )
    await entries('resource=b2499', 1)
    const response = await fetch(`${identity.origin}/v1/audit?resource=bulk`, {
      headers: { authorization: `Bearer ${masterKey}`, accept: 'application/x-ndjson' },
    })
    expect(response.headers.get('content-type')).toContain('application/x-ndjson')
    const lines = (await response.text()).trimEnd().split('\n')
    const exported = lines.map((line) => (JSON.parse(line) as AuditEntryResponse).resource_id)
    expect(exported).toEqual(Array.from({ length: 2_500 }, (_, i) => `b${2_499 - i}`))
  })

  it('has an event once, however often it comes', async () => {
    const event = recorded({ resourceId: 'once' })
    await publish(event, event)
    await entries('resource=once', 1)
    await publish(event, recorded({ resourceId: 'after' }))
    await entries('resource=after', 1)
    expect(await list('resource=once')).toHaveLength(1)
    expect((await verify()).valid).toBe(true)
  })

  it('shows an organization its own chain alone (threat 9)', async () => {
    const before = await verify()
    await publish(recorded({ organization: 'org_other', resourceId: 'theirs' }))
    await waitFor(
      async () =>
        (await identity.sql.query(`SELECT FROM audit_entry WHERE organization = 'org_other'`)).rowCount === 1,
    )
    expect(await list('resource=theirs')).toEqual([])
    expect(await verify()).toEqual(before)
  })

  it('sets an event aside that no database could hold, and goes on', async () => {
    await publish(
      recorded({ eventId: 'no-uuid' }),
      recorded({ resourceId: 'x'.repeat(3_000) }),
      recorded({ actorName: '\ud800' }),
      recorded({ address: '\0' }),
      recorded({ occurredAt: 'yesterday' }),
      recorded({ resourceId: 'behind it' }),
    )
    await entries('resource=behind%20it', 1)
  })

  describe('whose rows somebody changes who may do anything', () => {
    let kept: string

    beforeAll(async () => {
      await publish(
        ...Array.from({ length: 5 }, (_, i) => recorded({ resource: 'proof', resourceId: `p${i}` })),
      )
      await entries('resource=proof', 5)
      await identity.sql.query('CREATE TABLE kept AS SELECT * FROM audit_entry')
      kept = (await list('resource=p2'))[0]?.id ?? ''
    })
    afterEach(async () => {
      await tamper('TRUNCATE audit_entry')
      await tamper('INSERT INTO audit_entry SELECT * FROM kept')
      expect((await verify()).valid).toBe(true)
    })

    const tamper = async (sql: string) => {
      const client = await identity.sql.connect()
      await client.query(`SET session_replication_role = replica`)
      await client.query(sql)
      await client.query(`SET session_replication_role = origin`)
      client.release()
    }
    const sequenceOf = async (id: string) =>
      Number(
        (
          await identity.sql.query<{ sequence: string }>('SELECT sequence FROM kept WHERE event_id = $1', [
            id,
          ])
        ).rows[0]?.sequence,
      )

    it.each([
      ['after', `'{"forged":true}'`],
      ['actor_id', `'usr_innocent'`],
      ['occurred_at', `occurred_at + interval '1 ms'`],
      ['status', '1'],
      ['unrecorded', '1'],
    ])('says which entry was altered: its %s', async (column, value) => {
      await tamper(`UPDATE audit_entry SET ${column} = ${value} WHERE event_id = '${kept}'`)
      const sequence = await sequenceOf(kept)
      expect(await verify()).toMatchObject({
        ...{ valid: false, entries: sequence - 1, broken: { sequence, id: kept, reason: 'altered' } },
      })
    })

    it('says which entry is missing', async () => {
      await tamper(`DELETE FROM audit_entry WHERE event_id = '${kept}'`)
      const sequence = await sequenceOf(kept)
      expect((await verify()).broken).toEqual({ sequence, id: null, reason: 'missing' })
    })

    it('says that the end is missing', async () => {
      const { entries: count } = await verify()
      await tamper(`DELETE FROM audit_entry WHERE organization = 'org_default' AND sequence >= ${count - 1}`)
      expect((await verify()).broken).toEqual({ sequence: count - 1, id: null, reason: 'missing' })
    })

    it('says which entry was moved', async () => {
      const sequence = await sequenceOf(kept)
      await tamper(`UPDATE audit_entry SET sequence = -1 WHERE event_id = '${kept}'`)
      await tamper(
        `UPDATE audit_entry SET sequence = ${sequence} WHERE organization = 'org_default' AND sequence = ${sequence + 1}`,
      )
      await tamper(`UPDATE audit_entry SET sequence = ${sequence + 1} WHERE event_id = '${kept}'`)
      expect((await verify()).broken).toMatchObject({ sequence, reason: 'out_of_place' })
    })

    it('says so too when hash and entry were made to fit each other', async () => {
      await tamper(
        `UPDATE audit_entry SET after = '{}x', hash = sha256('forged'::bytea) WHERE event_id = '${kept}'`,
      )
      expect((await verify()).broken).toMatchObject({ id: kept, reason: 'altered' })
      expect((await list('resource=p2'))[0]?.after).toEqual({ unreadable: '{}x' })
    })

    it('cannot be changed by accident, even by who owns it', async () => {
      for (const sql of [
        'UPDATE audit_entry SET status = 1',
        'DELETE FROM audit_entry',
        'TRUNCATE audit_entry',
      ]) {
        await expect(identity.sql.query(sql), sql).rejects.toThrow('append-only')
      }
      const { rows } = await identity.sql.query<{ privilege: string }>(
        `SELECT privilege_type AS privilege FROM information_schema.role_table_grants
         WHERE grantee = 'weir_app' AND table_name = 'audit_entry' ORDER BY 1`,
      )
      expect(rows.map(({ privilege }) => privilege)).toEqual(['INSERT', 'SELECT'])
    })
  })
})
