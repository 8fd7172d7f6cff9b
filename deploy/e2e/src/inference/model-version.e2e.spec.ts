import { waitFor } from '@weir/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitForAttempt } from '../stack/accounting.js'
import { chat, send } from '../stack/client.js'
import { RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

let weir: SharedWeir
let upstream: RawUpstream
let scene: Scene
beforeAll(async () => {
  ;[weir, upstream] = await Promise.all([useWeir(), RawUpstream.start()])
  scene = await createScene(weir, { baseUrl: upstream.baseUrl })
})
afterAll(() => upstream.stop())

const prices = { input_per_million: '1000', output_per_million: '0' }

describe('versions of a model', () => {
  it('are in force within a second of one call, and no request fails meanwhile', async () => {
    const { name, id } = await scene.addModel({ provider_model: 'pm-1' })
    const path = `/v1/models/${id}`
    await weir.management.create(`${path}/versions`, {
      ...{ provider_model: 'pm-2', parameters: { temperature: 0.25, seed: 7 }, prices },
    })
    const ask = async (fields: object = {}) => {
      const { status, headers } = await send({
        ...{ url: weir.url, key: scene.key, body: chat(name, { ...fields }) },
      })
      expect(status).toBe(200)
      return { document: upstream.calls.at(-1)?.document, request: String(headers['x-request-id']) }
    }
    const served = async () => (await ask()).document?.model
    const soon = { timeoutMs: 1_500, intervalMs: 20 }
    expect(await served()).toBe('pm-1')
    await weir.management.create(`${path}/versions/2/promote`, {})
    await waitFor(async () => (await served()) === 'pm-2', soon)
    // Several gateways may be asked: what one has heard the others hear in the same second.
    await waitFor(async () => (await Promise.all([served(), served()])).every((one) => one === 'pm-2'), soon)

    const { document, request } = await ask({ seed: 9 })
    expect(document).toMatchObject({ model: 'pm-2', temperature: 0.25, seed: 9 })
    const attempt = await waitForAttempt(weir.management, request)
    // Nine input tokens at the version's own price.
    expect(attempt).toMatchObject({ model: name, provider_model: 'pm-2', cost_usd: '0.009000000' })

    await weir.management.create(`${path}/versions/1/canary`, { weight: 50 })
    const seen = new Set<string | undefined>()
    await waitFor(async () => seen.add(await served()).size === 2, { timeoutMs: 5_000, intervalMs: 5 })
    await weir.management.create(`${path}/rollback`, {})
    await weir.management.create(`${path}/rollback`, {})
    await waitFor(async () => {
      const all = await Promise.all(Array.from({ length: 6 }, served))
      return all.every((one) => one === 'pm-1')
    }, soon)
  })
})
