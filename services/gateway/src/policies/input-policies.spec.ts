import type { policyV1 } from '@weir/contracts'
import { createLogger } from '@weir/observability'
import { describe, expect, it, vi } from 'vitest'
import type { InferenceCall } from '../inference/endpoint.js'
import type { Plan } from '../routing/plan.js'
import { PolicyState } from '../snapshot/policy-state.js'
import { InputPolicies } from './input-policies.js'

const plan = {
  route: {
    key: { id: 'key_1', organization: 'org_1', workspace: 'ws_1', workload: '', team: 'sales' },
    model: { name: 'small' },
    provider: { name: 'vendor' },
  },
} as unknown as Plan

const call = {
  document: { model: 'small', messages: [{ role: 'user', content: 'secret' }] },
  body: Buffer.from('{}'),
  headers: {},
} as unknown as InferenceCall

const allowed = { verdict: 'allow', policy: '', message: '', masked: [], cleanUnder: '' }

function world(scope: Partial<policyV1.PolicyScope>, answer: () => Promise<policyV1.EvaluateResponse>) {
  const state = new PolicyState()
  const governed: policyV1.PolicyScope = {
    ...{
      policy: 'pol_1',
      organization: 'org_1',
      workspace: '',
      repository: '',
      name: 'One',
      mode: 'enforce',
    },
    ...{ appliesToInput: true, appliesToOutput: false, deployments: [], workloads: [], models: [] },
    ...{ isActing: true, failsOpen: false, revision: 1 },
    ...scope,
  }
  state.upsert(governed)
  const evaluate = vi.fn<(request: policyV1.EvaluateRequest) => Promise<policyV1.EvaluateResponse>>(answer)
  const snapshots = { policy: { state }, catalog: { state: {} } } as never
  const logger = createLogger({ service: 'test', level: 'silent' })
  const config = { policyGrpc: '', internalSecret: '' }
  const policies = new InputPolicies(config, snapshots, { modelsOf: () => [] }, logger, {
    ...{ evaluate, close: () => undefined },
  })
  return {
    evaluate,
    state,
    scope: governed,
    judge: (asked = call) => policies.judge(plan, asked, 'req_1'),
    close: () => policies.close(),
  }
}

describe('input policies', () => {
  it('ask nobody where none applies', async () => {
    const { judge, evaluate } = world({ workspace: 'ws_2' }, async () => allowed)
    await expect(judge()).resolves.toBe(call)
    expect(evaluate).not.toHaveBeenCalled()
  })

  it('say who asks for what, and leave what is allowed as it came', async () => {
    const { judge, evaluate } = world({}, async () => allowed)
    await expect(judge()).resolves.toBe(call)
    expect(evaluate.mock.calls[0]?.[0]).toMatchObject({
      ...{ organization: 'org_1', workspace: 'ws_1', model: 'small', models: ['small'], requestId: 'req_1' },
      ...{ direction: 'input', virtualKey: 'key_1', team: 'sales', provider: 'vendor' },
      texts: [{ place: 'messages[0].content', text: 'secret', message: 1 }],
    })
  })

  it('judge what was found clean once again only under other policies', async () => {
    const clean = { ...allowed, cleanUnder: 'pol_1/1' }
    const { judge, evaluate, state, scope } = world({}, async () => clean)
    await judge()
    await judge()
    expect(evaluate).toHaveBeenCalledTimes(1)
    state.upsert({ ...scope, revision: 2 })
    await judge()
    // The service had not heard of the change, so its verdict counts for nothing later.
    await judge()
    expect(evaluate).toHaveBeenCalledTimes(3)
  })

  it('ask about what is new in a conversation alone, and mask it where it stands', async () => {
    const replies: policyV1.EvaluateResponse[] = [
      { ...allowed, cleanUnder: 'pol_1/1' },
      { ...allowed, verdict: 'mask', masked: [{ index: 0, text: '[x]' }] },
    ]
    const { judge, evaluate } = world({}, async () => replies.shift() ?? allowed)
    await judge()
    const messages = [
      { role: 'user', content: 'secret' },
      { role: 'assistant', content: 'What?' },
    ]
    const judged = await judge({ ...call, document: { model: 'small', messages } })
    expect(evaluate.mock.calls[1]?.[0].texts.map(({ place }) => place)).toEqual(['messages[1].content'])
    expect(judged.document['messages']).toEqual([messages[0], { role: 'assistant', content: '[x]' }])
  })

  it('refuse what is blocked with the message of the policy', async () => {
    const { judge } = world({}, async () => ({ ...allowed, verdict: 'block', policy: 'One', message: 'No.' }))
    await expect(judge()).rejects.toMatchObject({ code: 'policy_violation', status: 403 })
  })

  it('send what is masked instead, and leave the caller’s own document alone', async () => {
    const masked = [{ index: 0, text: '[secret]' }]
    const { judge } = world({}, async () => ({ ...allowed, verdict: 'mask', policy: 'One', masked }))
    const judged = await judge()
    expect(JSON.parse(judged.body.toString())).toEqual({
      ...{ model: 'small', messages: [{ role: 'user', content: '[secret]' }] },
    })
    expect(call.document['messages']).toEqual([{ role: 'user', content: 'secret' }])
  })

  const away = () => Promise.reject(new Error('UNAVAILABLE'))

  it('refuse what could not be judged where a policy is closed', async () => {
    const { judge } = world({}, away)
    await expect(judge()).rejects.toMatchObject({ code: 'service_unavailable' })
    const unavailable = world({}, async () => ({ ...allowed, verdict: 'unavailable' }))
    await expect(unavailable.judge()).rejects.toMatchObject({ code: 'service_unavailable' })
  })

  it('let it pass where all are open', async () => {
    await expect(world({ failsOpen: true }, away).judge()).resolves.toBe(call)
  })

  it('do not hold up a request that no policy could stop, and are waited for at the end', async () => {
    let answer: (response: policyV1.EvaluateResponse) => void = () => undefined
    const slow = new Promise<policyV1.EvaluateResponse>((resolve) => (answer = resolve))
    const { judge, evaluate, close } = world({ isActing: false, failsOpen: true, mode: 'shadow' }, () => slow)
    await expect(judge()).resolves.toBe(call)
    expect(evaluate).toHaveBeenCalledOnce()
    let isClosed = false
    const closing = close().then(() => (isClosed = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(isClosed).toBe(false)
    answer(allowed)
    await closing
  })
})
