import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let scene: Scene
const models = { open: '', closed: '', shadow: '', free: '' }
const policies: string[] = []

const ask = (model: string, content: string) =>
  send({ url: weir.url, key: scene.key, body: chat(model, { messages: [{ role: 'user', content }] }) })

async function govern(model: string, fields: Record<string, unknown>): Promise<void> {
  const { id } = await weir.management.create<{ id: string }>('/v1/policies', {
    ...{ name: unique('policy'), scope: { workspace: scene.workspace.id, models: [model] } },
    ...{ text: 'No e-mail addresses.', action: 'block', mode: 'enforce', applies_to: 'input', ...fields },
  })
  policies.push(id)
  await waitFor(async () => {
    const probe = await ask(model, 'ann@mail.example')
    const requestId = String(probe.headers['x-request-id'])
    return (await weir.management.list('/v1/policies/violations', { request_id: requestId })).length > 0
  })
}

beforeAll(async () => {
  weir = await useWeir()
  scene = await createScene(weir)
  for (const name of Object.keys(models) as (keyof typeof models)[])
    models[name] = (await scene.addModel()).name
  await govern(models.open, { on_failure: 'open' })
  await govern(models.closed, {})
  await govern(models.shadow, { mode: 'shadow', on_failure: 'closed' })
  await weir.stopProcess('policy')
})
afterAll(async () => {
  await weir.startProcess('policy')
  await waitFor(() => weir.management.get('/v1/policies').catch(() => undefined), { timeoutMs: 30_000 })
  for (const id of policies) await weir.management.delete(`/v1/policies/${id}`)
})

describe('while the policy service is away', () => {
  it('what a closed policy covers is refused, and told why', async () => {
    const { status, text, headers } = await ask(models.closed, 'new words')
    expect([status, headers['retry-after']]).toEqual([503, '1'])
    expect(text).toContain('service_unavailable')
    expect(text).toMatch(/policy.*could not be judged/)
  })

  it('what an open one covers goes on, as does what is in shadow or covered by none', async () => {
    for (const model of [models.open, models.shadow, models.free])
      expect([model, (await ask(model, 'new words')).status]).toEqual([model, 200])
  })
})

describe('when it is back', () => {
  it('everything is judged as before', async () => {
    await weir.startProcess('policy')
    await waitFor(async () => (await ask(models.closed, 'ann@mail.example')).status === 403, {
      timeoutMs: 30_000,
    })
    expect((await ask(models.closed, 'other words')).status).toBe(200)
    expect((await ask(models.open, 'ann@mail.example')).status).toBe(403)
  })
})
