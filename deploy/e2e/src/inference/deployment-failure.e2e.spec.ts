import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '@weir/testing'
import { waitForAttempt, waitForAttempts } from '../stack/accounting.js'
import { chat, eventsOf, openCall, send } from '../stack/client.js'
import { type Resource, unique } from '../stack/factory.js'
import { chunk, completion, RawUpstream, sse, usageChunk } from '../stack/raw-upstream.js'
import { createScene, inForce, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

async function deploy(fields: Record<string, unknown>): Promise<Resource> {
  const made = await weir.management.create<Resource>('/v1/deployments', {
    ...{ name: unique('deployment'), workspace: scene.workspace.id },
    ...fields,
  })
  await inForce(weir, scene.key, made.name)
  return made
}

const targets = (...models: Resource[]) => models.map(({ name }) => ({ model: name }))
const ask = (model: string, fields = {}) => send({ url: weir.url, key: scene.key, body: chat(model, fields) })

describe('a deployment whose providers fail', () => {
  it('answers nearly always where 20 % are limited and 10 % are cut, and each attempt is in the ledger', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    let count = 0
    for (const { name } of [first, second]) {
      upstream.answer(name, async (call) => {
        const turn = ++count % 10
        if (turn < 2) return call.reply(429, { error: { message: 'slow down', type: 'rate_limit' } })
        if (turn < 3) {
          call.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '999' })
          await call.write('{"choices":[')
          return call.cut()
        }
        call.reply(200, completion('Hello there.'))
      })
    }
    const { name } = await deploy({ targets: targets(first), fallbacks: targets(second) })
    const total = 1_000
    const statuses: number[] = []
    let next = 0
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        while (next++ < total) statuses.push((await ask(name)).status)
      }),
    )
    expect(statuses.filter((status) => status === 200).length / total).toBeGreaterThanOrEqual(0.999)
    const calls = upstream.callsFor(first.name).length + upstream.callsFor(second.name).length
    const filters = { key: scene.virtualKey.id }
    const rowsOf = async () =>
      [...(await waitForAttempts(weir.management, { ...filters, model: first.name }))].concat(
        await waitForAttempts(weir.management, { ...filters, model: second.name }),
      )
    const rows = await waitFor(async () => {
      const found = await rowsOf()
      return found.length >= calls ? found : undefined
    })
    expect(rows).toHaveLength(calls)
    expect(rows.filter(({ outcome }) => outcome === 'succeeded')).toHaveLength(
      statuses.filter((status) => status === 200).length,
    )
  }, 60_000)

  it.each([408, 429, 500, 503, 529])('goes on after %i, and says so in the ledger', async (status) => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(first.name, (call) => call.reply(status, { error: { message: 'no' } }))
    const { name } = await deploy({
      targets: targets(first),
      fallbacks: targets(second),
      retries: { max: 1 },
    })
    const reply = await ask(name)
    expect(reply.status).toBe(200)
    expect([upstream.callsFor(first.name).length, upstream.callsFor(second.name).length]).toEqual([2, 1])
    const requestId = String(reply.headers['x-request-id'])
    const rows = await waitForAttempts(weir.management, { request_id: requestId }, 3)
    expect(rows.map(({ model, outcome }) => [model, outcome]).toSorted()).toEqual(
      [
        [first.name, 'failed'],
        [first.name, 'failed'],
        [second.name, 'succeeded'],
      ].toSorted(),
    )
  })

  it('leaves a target at once that refuses its credential, and never retries what is wrong with the request', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    const { name } = await deploy({ targets: targets(first), fallbacks: targets(second) })
    upstream.answer(first.name, (call) => call.reply(401, { error: { message: 'who are you' } }))
    expect((await ask(name)).status).toBe(200)
    expect(upstream.callsFor(first.name)).toHaveLength(1)
    upstream.answer(first.name, (call) =>
      call.reply(400, { error: { message: 'bad', type: 'invalid_request_error', code: null, param: null } }),
    )
    expect((await ask(name)).status).toBe(400)
    expect([upstream.callsFor(first.name).length, upstream.callsFor(second.name).length]).toEqual([2, 1])
  })

  it('sends what is too long to a larger model', async () => {
    const [first, large] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(first.name, (call) =>
      call.reply(400, {
        error: {
          message: 'too long',
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
          param: null,
        },
      }),
    )
    const { name } = await deploy({
      targets: targets(first),
      fallbacks: [{ model: large.name, on: 'context_window_exceeded' }],
    })
    expect((await ask(name)).status).toBe(200)
    expect([upstream.callsFor(first.name).length, upstream.callsFor(large.name).length]).toEqual([1, 1])
  })

  it('tells of the last failure when nobody answers', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    for (const { name } of [first, second]) {
      upstream.answer(name, (call) => call.reply(503, { error: { message: 'down' } }))
    }
    const { name } = await deploy({
      targets: targets(first),
      fallbacks: targets(second),
      retries: { max: 0 },
    })
    const reply = await ask(name)
    expect(reply.status).toBe(502)
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'provider_error' } })
  })

  it('has another answer a stream that broke off before its first event, never one that has begun', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(second.name, async (call) => {
      call.startStream()
      await call.event(chunk('whole'))
      await call.event(usageChunk(9, 3))
      call.end(sse('[DONE]'))
    })
    const { name } = await deploy({
      targets: targets(first),
      fallbacks: targets(second),
      retries: { max: 0 },
    })
    upstream.answer(first.name, (call) => {
      call.startStream()
      call.end()
    })
    const whole = eventsOf((await ask(name, { stream: true })).text)
    expect(whole.at(-1)).toBe('[DONE]')
    upstream.answer(first.name, async (call) => {
      call.startStream()
      await call.event(chunk('a part'))
      // A connection that is reset takes along what was not read yet.
      await new Promise((resolve) => setTimeout(resolve, 200))
      call.cut()
    })
    const reply = await ask(name, { stream: true })
    const events = eventsOf(reply.text)
    expect(events.join()).toContain('a part')
    expect(events.join()).not.toContain('whole')
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'provider_error' } })
  })

  it('leaves a target alone that fails in a row, probes it, and shows how it does', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(first.name, (call) => call.reply(500, { error: { message: 'down' } }))
    const { id, name } = await deploy({
      ...{ targets: targets(first), fallbacks: targets(second), retries: { max: 0 } },
      health: { consecutive_failures: 2, eject_for_ms: 3_000 },
    })
    for (let count = 0; count < 12; count++) expect((await ask(name)).status).toBe(200)
    // Two for each gateway.
    expect(upstream.callsFor(first.name).length).toBeLessThanOrEqual(2 * weir.gateways.length)
    const health = await waitFor(async () => {
      const shown = await weir.management.get<{ targets: { model: string; state: string }[] }>(
        `/v1/deployments/${id}/health`,
      )
      return shown.targets.some(({ state }) => state === 'ejected') ? shown : undefined
    })
    expect(health.targets).toMatchObject([
      { model: first.name, state: 'ejected', last_failure: 'provider_error' },
      { model: second.name, state: 'healthy' },
    ])
    // By its name as by its id.
    expect(await weir.management.get(`/v1/deployments/${name}/health`)).toMatchObject({
      ...{ object: 'deployment.health', deployment: name },
      targets: [{ model: first.name }, { model: second.name }],
    })
    upstream.answer(first.name, (call) => call.reply(200, completion('back')))
    await waitFor(async () => ((await ask(name)).text.includes('back') ? true : undefined), {
      timeoutMs: 15_000,
      intervalMs: 100,
      what: 'the target to be probed and back',
    })
  }, 30_000)

  it('has a target that is back probed at once when it checks by itself', async () => {
    const [first, second] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(first.name, (call) => call.reply(500, { error: { message: 'down' } }))
    const { name } = await deploy({
      ...{ targets: targets(first), fallbacks: targets(second), retries: { max: 0 } },
      health: { consecutive_failures: 1, eject_for_ms: 600_000, check_interval_ms: 1_000 },
    })
    for (let count = 0; count < 6; count++) expect((await ask(name)).status).toBe(200)
    upstream.answer(first.name, (call) => call.reply(200, completion('back')))
    await waitFor(async () => ((await ask(name)).text.includes('back') ? true : undefined), {
      ...{ timeoutMs: 10_000, intervalMs: 200, what: 'the target to be back' },
    })
  }, 30_000)

  it('hedges when it is told to: the first that answers is the one, the other is stopped and accounted for', async () => {
    const [slow, fast] = await Promise.all([scene.addModel(), scene.addModel()])
    upstream.answer(slow.name, () => undefined)
    const { name } = await deploy({
      ...{ targets: targets(slow), fallbacks: targets(fast), hedge_after_ms: 100 },
    })
    const reply = await ask(name)
    expect(reply.status).toBe(200)
    const requestId = String(reply.headers['x-request-id'])
    const rows = await waitForAttempts(weir.management, { request_id: requestId }, 2)
    expect(rows.map(({ model, outcome }) => [model, outcome]).toSorted()).toEqual(
      [
        [slow.name, 'client_closed'],
        [fast.name, 'succeeded'],
      ].toSorted(),
    )
    await waitFor(() => upstream.callsFor(slow.name)[0]?.leftAt)
  })

  it('stops everything for a caller that leaves, also between two attempts', async () => {
    const model = await scene.addModel()
    upstream.answer(model.name, (call) =>
      call.reply(429, { error: { message: 'later' } }, { 'retry-after': '4' }),
    )
    const { name } = await deploy({ targets: targets(model), retries: { max: 5 } })
    const requestId = unique('left')
    const call = openCall({
      ...{ url: weir.url, key: scene.key, body: chat(name), headers: { 'x-request-id': requestId } },
    })
    call.reply.catch(() => undefined)
    call.request.on('error', () => undefined)
    await waitFor(() => upstream.callsFor(model.name)[0])
    const calledAt = performance.now()
    await waitForAttempt(weir.management, requestId)
    call.request.destroy()
    // The next would have come four seconds after the first.
    await new Promise((resolve) => setTimeout(resolve, calledAt + 5_000 - performance.now()))
    expect(upstream.callsFor(model.name)).toHaveLength(1)
  }, 20_000)
})
