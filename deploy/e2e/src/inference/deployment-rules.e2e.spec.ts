import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send } from '../stack/client.js'
import { type Resource, unique } from '../stack/factory.js'
import { completion, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
const models: Record<string, string> = {}
beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
  for (const what of ['usual', 'long', 'tools', 'gold', 'cheap']) {
    models[what] = (await scene.addModel({ name: unique(what) })).name
  }
})
afterAll(() => upstream.stop())

async function deploy(fields: object): Promise<Resource> {
  const deployment = await weir.management.create<Resource>('/v1/deployments', {
    ...{ name: unique('dep'), workspace: scene.workspace.id, targets: [{ model: models['usual'] }] },
    ...fields,
  })
  await inForce(weir, scene.key, deployment.name)
  return deployment
}

/** Which of the models a request is served by. */
async function served(key: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  const { status, text } = await send({ url: weir.url, key, body, headers })
  if (status !== 200) return [status, text]
  const model = upstream.calls.at(-1)?.document.model
  return Object.keys(models).find((what) => models[what] === model)
}

describe('the rules of a deployment', () => {
  it('send requests of a kind to targets of their own; the first that matches counts', async () => {
    const { name } = await deploy({
      rules: [
        { when: 'input_tokens > 5000', model: models['long'] },
        { when: 'has_tools && !stream', targets: [{ model: models['tools'] }] },
        { when: 'headers["x-tier"] == "gold" || metadata["tier"] == "gold"', model: models['gold'] },
        { when: `model != "${'x'}" && now < timestamp("2000-01-01T00:00:00Z")`, model: models['cheap'] },
      ],
    })
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const long = [{ role: 'user', content: 'word '.repeat(30_000) }]
    expect(await served(scene.key, chat(name))).toBe('usual')
    expect(await served(scene.key, chat(name, { messages: long, tools }))).toBe('long')
    expect(await served(scene.key, chat(name, { tools }))).toBe('tools')
    expect(await served(scene.key, chat(name), { 'x-tier': 'gold' })).toBe('gold')
    expect(await served(scene.key, chat(name), { 'x-tier': 'silver' })).toBe('usual')
  })

  it('know how much is left of the budgets that pay', async () => {
    const { name } = await deploy({ rules: [{ when: 'budget_left_ratio < 0.5', model: models['cheap'] }] })
    const team = await scene.factory.createTeam({ max_budget: '1', budget_duration: 'monthly' })
    const { key } = await scene.factory.createVirtualKey({
      ...{ workspace: scene.workspace.id, workload: scene.workload.id, team: team.id },
    })
    await inForce(weir, key, name)
    // 240,000 tokens at 2.50 dollars a million are 60 cents; only once, since each gateway hears of it by itself.
    let tokens = 240_000
    upstream.answer(models['usual'] ?? '', (call) => {
      call.reply(200, completion('Hello.', tokens, 1))
      tokens = 1
    })
    expect(await served(key, chat(name, { max_tokens: 10 }))).toBe('usual')
    await waitFor(async () => (await served(key, chat(name, { max_tokens: 10 }))) === 'cheap', {
      ...{ timeoutMs: 10_000, intervalMs: 200, what: 'the rule to match' },
    })
  })
})
