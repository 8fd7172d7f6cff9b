import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ratedEvent, RunningPolicy } from '../testing/running-policy.js'

const usd = (dollars: number) => String(BigInt(Math.round(dollars * 1e9)))

describe('budgets', () => {
  let policy: RunningPolicy
  let count = 0

  beforeAll(async () => void (policy = await RunningPolicy.start()))
  afterAll(() => policy.stop())

  const newTeam = () => {
    const team = `team-${++count}`
    policy.identity.setTeam(team)
    return team
  }

  const hold = (budgets: string[], dollars: number, least = dollars) => ({
    budgets,
    amountNanoUsd: usd(dollars),
    leastNanoUsd: usd(least),
  })

  it('hold for several levels at once, or for none', async () => {
    const [team, workspace] = [newTeam(), `ws_${++count}`]
    policy.identity.setWorkspace(workspace)
    const wide = await policy.createBudget({ scope: { team }, amount: '10' })
    const narrow = await policy.createBudget({ scope: { workspace }, amount: '3' })
    const both = [wide.id, narrow.id]
    const { holds } = await policy.exchange('run-a', { holds: [hold(both, 2), hold(both, 2), hold(both, 1)] })
    expect(holds.map(({ grantedNanoUsd }) => grantedNanoUsd)).toEqual([usd(2), '0', usd(1)])
    expect(holds[1]).toMatchObject({ refusedBy: narrow.id })
    expect(await policy.status(`teams/${team}`)).toMatchObject({
      limit: '10',
      held: '3',
      left: '7',
      spent: '0',
    })
    expect(await policy.status(`workspaces/${workspace}`)).toMatchObject({ held: '3', left: '0' })
  })

  it('turn what was held into what was spent when the attempt is rated, once', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '10' })
    const granted = await policy.exchange('run-b', { holds: [hold([id], 4)] })
    const { periodStartMs = '' } = granted.leases[0] ?? {}
    // The call cost 1; what was free of its hold was given back, said twice.
    const returns = [{ budget: id, periodStartMs, returnedNanoUsd: usd(3) }]
    await policy.exchange('run-b', { returns })
    await policy.exchange('run-b', { returns })
    expect(await policy.status(`teams/${team}`)).toMatchObject({ spent: '0', held: '1', left: '9' })
    const event = ratedEvent({
      teamPath: `all/${team}`,
      cost: '1.000000000',
      gatewayRun: 'run-b',
      budgets: id,
    })
    await policy.publish([event, event])
    await policy.publish([event])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '1')
    expect(await policy.status(`teams/${team}`)).toMatchObject({ spent: '1', held: '0', left: '9' })
  })

  it('threat 22: what was held for a call whose gateway died is given back with its event', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '10' })
    await policy.exchange('run-c', { holds: [hold([id], 4)] })
    const died = {
      teamPath: team,
      cost: '0.500000000',
      gatewayRun: 'run-c',
      budgets: id,
      openHoldNanoUsd: usd(4),
    }
    await policy.publish([ratedEvent(died)])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '0.5')
    expect(await policy.status(`teams/${team}`)).toMatchObject({ held: '0', estimated: '0', left: '9.5' })
  })

  it('threat 22: what a gateway held that is silent for 120 s is no longer held, but may be spent', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '10' })
    await policy.exchange('run-d', { holds: [hold([id], 4)] })
    await policy.sql.query(`UPDATE gateway_run SET renewed_at = now() - interval '121 s' WHERE id = 'run-d'`)
    expect(await policy.status(`teams/${team}`)).toMatchObject({ held: '0', estimated: '4', left: '6' })
    const { holds } = await policy.exchange('run-e', { holds: [hold([id], 7), hold([id], 6)] })
    expect(holds.map(({ grantedNanoUsd }) => grantedNanoUsd)).toEqual(['0', usd(6)])
  })

  it('are raised and lowered at once', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '1' })
    const grant = async () =>
      (await policy.exchange('run-f', { holds: [hold([id], 2)] })).holds[0]?.grantedNanoUsd
    expect(await grant()).toBe('0')
    await policy.call('PATCH', `/v1/budgets/${id}`, { amount: '5' })
    expect(await grant()).toBe(usd(2))
    await policy.call('PATCH', `/v1/budgets/${id}`, { amount: '3.999999999' })
    expect(await grant()).toBe('0')
  })

  it('go on record when somebody changes them, and not when they are nearly used up', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '1' })
    // Less than 32 times what is held is left: nothing is leased ahead from here on.
    await policy.exchange('run-h', { holds: [hold([id], 0.5)] })
    await policy.call('PATCH', `/v1/budgets/${id}`, { amount: '2' })
    const recorded = async () => {
      const { rows } = await policy.sql.query<{ value: string }>(
        `SELECT m.value FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id
         WHERE t.name LIKE '%action-recorded%' AND m.value LIKE $1 ORDER BY m."offset"`,
        [`%${id}%`],
      )
      return rows.map(({ value }) => (JSON.parse(value) as { action: string }).action)
    }
    await waitFor(async () => (await recorded()).length >= 2)
    expect(await recorded()).toEqual(['create', 'update'])
    expect((await policy.sql.query('SELECT exact FROM budget WHERE id = $1', [id])).rows).toEqual([
      { exact: true },
    ])
  })

  it('threat 22: get back what a gateway that died had free, once all that it began is charged', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '100' })
    const run = `run-${team}`
    const asked = {
      holds: [hold([id], 2), hold([id], 2)],
      wants: [{ budget: id, amountNanoUsd: usd(50) }],
    }
    await policy.exchange(run, asked)
    expect(await policy.status(`teams/${team}`)).toMatchObject({ held: '7', left: '93' })
    const end = async (attempts: number) =>
      (await policy.money.endRuns({ runs: [{ gateway: run, attempts: String(attempts) }] })).closed
    expect(await end(2)).toEqual([])
    // It is granted nothing more, even if what it had asked for arrives only now.
    await expect(policy.exchange(run, asked)).rejects.toThrow('A newer run of this gateway')
    await policy.sql.query(`UPDATE gateway_run SET renewed_at = now() - interval '121 s' WHERE id = $1`, [
      run,
    ])
    expect(await policy.status(`teams/${team}`)).toMatchObject({ held: '0', estimated: '7', left: '93' })
    const settled = { teamPath: team, gatewayRun: run, budgets: id }
    await policy.publish([ratedEvent({ ...settled, cost: '1.500000000' })])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '1.5')
    expect(await end(2)).toEqual([])
    expect(await policy.status(`teams/${team}`)).toMatchObject({ estimated: '5.5', left: '93' })
    const orphan = ratedEvent({ ...settled, cost: '0.250000000', openHoldNanoUsd: usd(2) })
    await policy.publish([orphan, orphan])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '1.75')
    expect(await end(2)).toEqual([run])
    expect(await end(2)).toEqual([run])
    expect(await policy.status(`teams/${team}`)).toMatchObject({ held: '0', estimated: '0', left: '98.25' })
  })

  it('are read at one moment: what is charged meanwhile is held or spent, never neither', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '100' })
    const run = `run-${team}`
    await policy.exchange(run, { holds: [hold([id], 40)] })
    let isOver = false
    const seen = new Set<string>()
    const readOn = async () => {
      while (!isOver) {
        const { spent, held, left } = await policy.status(`teams/${team}`)
        expect([Number(spent) + Number(held), left]).toEqual([40, '60'])
        seen.add(spent)
      }
    }
    const charging = (async () => {
      for (let call = 1; call <= 40; call++) {
        await policy.publish([
          ratedEvent({ teamPath: team, cost: '1.000000000', gatewayRun: run, budgets: id }),
        ])
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await waitFor(() => seen.has('40'))
    })().finally(() => (isOver = true))
    await Promise.all([charging, readOn(), readOn(), readOn()])
  })

  it('are told of to another service, by what they are of', async () => {
    const [team, workspace] = [newTeam(), `ws_${++count}`]
    policy.identity.setWorkspace(workspace)
    const budget = await policy.createBudget({ scope: { workspace }, amount: '3' })
    const other = await policy.createBudget({ scope: { team }, amount: '10', hard: false })
    await policy.exchange('run-x', { holds: [hold([budget.id], 1)] })
    const scopes = [
      { scope: 'team', scopeId: team },
      { scope: 'workspace', scopeId: workspace },
      { scope: 'key', scopeId: 'key_none' },
    ]
    const read = async (organization: string) =>
      (await policy.money.readBudgets({ organization, scopes })).budgets
    const [first, second] = await read('org_default')
    expect(first).toMatchObject({ id: other.id, hard: false, limitNanoUsd: usd(10), leftNanoUsd: usd(10) })
    expect(second).toMatchObject({ id: budget.id, heldNanoUsd: usd(1), leftNanoUsd: usd(2) })
    expect(Number(second?.resetsAtMs)).toBeGreaterThan(Date.now())
    expect(await read('org_other')).toEqual([])
  })

  it('grant less than was asked for where they lower output', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '1', lowers_output: true })
    const { holds } = await policy.exchange('run-g', { holds: [hold([id], 2, 0.5), hold([id], 2, 0.5)] })
    expect(holds.map(({ grantedNanoUsd }) => grantedNanoUsd)).toEqual([usd(1), '0'])
  })

  it('count what was spent in the period before there was the budget', async () => {
    const team = newTeam()
    const other = await policy.createBudget({ scope: { team }, amount: '100', hard: false })
    await policy.publish([
      ratedEvent({ teamPath: `${team}/below`, cost: '2.000000001' }),
      ratedEvent({ teamPath: team, cost: '1.000000000', startedAt: '2001-01-01T00:00:00Z' }),
    ])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '2.000000001')
    await policy.call('DELETE', `/v1/budgets/${other.id}`)
    await policy.createBudget({ scope: { team }, amount: '10' })
    expect(await policy.status(`teams/${team}`)).toMatchObject({ spent: '2.000000001', left: '7.999999999' })
  })

  it('are told of once when a threshold is reached', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '10', thresholds: [50, 100] })
    await policy.publish([ratedEvent({ teamPath: team, cost: '5.000000000' })])
    await policy.publish([ratedEvent({ teamPath: team, cost: '1.000000000' })])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '6')
    await policy.publish([ratedEvent({ teamPath: team, cost: '40.000000000' })])
    await waitFor(async () => (await policy.status(`teams/${team}`)).spent === '46')
    const told = async () => {
      const { rows } = await policy.sql.query<{ value: string }>(
        `SELECT m.value FROM bus.message m JOIN bus.topic t ON t.id = m.topic_id
         WHERE t.name = 'weir.policy.budget-crossed.v1' ORDER BY m."offset"`,
      )
      return rows
        .map(({ value }) => JSON.parse(value) as { budget: string; threshold_percent: number })
        .filter(({ budget }) => budget === id)
        .map(({ threshold_percent }) => threshold_percent)
    }
    await waitFor(async () => (await told()).length === 2)
    expect(await told()).toEqual([50, 100])
  })

  it('are counted by what is kept of charges, and old ones are not kept', async () => {
    const team = newTeam()
    const { id } = await policy.createBudget({ scope: { team }, amount: '10', period: 'daily', hard: false })
    const days = (count: number) => new Date(Date.now() - count * 86_400_000).toISOString()
    const old = ratedEvent({ teamPath: team, cost: '1.000000000', startedAt: days(80) })
    const recent = ratedEvent({ teamPath: team, cost: '1.000000000', startedAt: days(39) })
    await policy.publish([old, recent])
    const chargesOf = async () =>
      (await policy.sql.query<{ event_id: string }>('SELECT event_id FROM charge WHERE teams = $1', [team]))
        .rows
    const periodsOf = async () =>
      (await policy.sql.query<object>('SELECT 1 FROM budget_period WHERE budget = $1', [id])).rows
    await waitFor(async () => (await chargesOf()).length === 2)
    const before = (await periodsOf()).length
    await policy.exchange('run-old', {})
    await policy.sql.query(`UPDATE gateway_run SET renewed_at = now() - interval '90 d' WHERE id = 'run-old'`)
    await policy.prune()
    expect((await policy.sql.query(`SELECT FROM gateway_run WHERE id = 'run-old'`)).rowCount).toBe(0)
    expect(await chargesOf()).toEqual([{ event_id: recent.eventId }])
    expect(before - (await periodsOf()).length).toBe(1)
  })

  it('follow the max_budget of a team', async () => {
    const team = newTeam()
    policy.identity.setTeam(team, { amountNanoUsd: usd(7), duration: 'daily' })
    await waitFor(async () => (await policy.status(`teams/${team}`)).limit === '7')
    const [budget] = (await policy.status(`teams/${team}`)).budgets
    const refused = await policy.call('PATCH', `/v1/budgets/${budget?.id}`, { amount: '9' })
    expect([refused.status, refused.body.error?.code]).toEqual([400, 'invalid_request'])
    policy.identity.setTeam(team, { amountNanoUsd: usd(8), duration: 'daily' })
    await waitFor(async () => (await policy.status(`teams/${team}`)).limit === '8')
    policy.identity.setTeam(team)
    await waitFor(async () => (await policy.call('GET', `/v1/teams/${team}/budget`)).status === 404)
  })

  it('are refused for what there is not, and name every mistake', async () => {
    const nobody = await policy.call('POST', '/v1/budgets', {
      scope: { team: 'nobody' },
      amount: '1',
      period: 'daily',
    })
    expect([nobody.status, nobody.body.error?.code]).toEqual([404, 'team_not_found'])
    const wrong = await policy.call<{ error: { errors: { field: string }[] } }>('POST', '/v1/budgets', {
      scope: {},
      amount: 1,
      period: 'yearly',
      time_zone: 'Mars/Olympus',
      thresholds: [0],
    })
    expect(wrong.status).toBe(400)
    expect(wrong.body.error?.errors.map(({ field }) => field).sort()).toEqual([
      'amount',
      'period',
      'thresholds',
      'time_zone',
    ])
  })
})
