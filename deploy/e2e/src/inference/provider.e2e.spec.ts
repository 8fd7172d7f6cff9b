import { waitFor } from '@weir/testing'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send } from '../stack/client.js'
import { unique } from '../stack/factory.js'
import { completion } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'
import { type SharedWeir, useWeir } from '../stack/weir.js'

const [old, fresh] = [unique('sk-old'), unique('sk-new')]

let weir: SharedWeir
let scene: Scene
let server: Server
/** Credentials that the vendor takes. */
const taken = new Set([old, fresh])
const seen: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const credential = request.headers.authorization?.slice('Bearer '.length) ?? ''
    request.resume().on('end', () => {
      if (request.method === 'POST') seen.push(credential)
      const body = request.method === 'GET' ? { data: [{ id: 'pm' }] } : completion('Hello.')
      const status = taken.has(credential) ? 200 : 401
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(status === 200 ? body : { error: { message: 'No.' } }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  weir = await useWeir()
  scene = await createScene(weir, {
    ...{
      baseUrl: `http://127.0.0.1:${port}/v1`,
      provider: { api_key: old },
      model: { provider_model: 'pm' },
    },
  })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('a provider’s credential', () => {
  it('is rotated without a failed request: tried, taken over, and the old one dropped', async () => {
    const statuses = new Set<number>()
    let running = true
    const load = Promise.all(
      Array.from({ length: 3 }, async () => {
        while (running) {
          statuses.add((await send({ url: weir.url, key: scene.key, body: chat(scene.model.name) })).status)
          await sleep(10)
        }
      }),
    )
    await waitFor(() => seen.length > 10)
    const path = `/v1/providers/${scene.provider.id}`
    const wrong = await weir.management.send('PATCH', path, { api_key: unique('sk-wrong') })
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('api_key')])
    await weir.management.call('PATCH', path, { api_key: fresh })
    await sleep(1_000)
    const from = seen.length
    await waitFor(() => seen.length > from + 10)
    // The vendor may forget the old one now.
    taken.delete(old)
    await sleep(300)
    running = false
    await load
    expect([...statuses]).toEqual([200])
    expect(new Set(seen.slice(from))).toEqual(new Set([fresh]))
    const verdict = await weir.management.create<{ valid: boolean }>(`${path}/validate`, {})
    expect(verdict).toMatchObject({ valid: true, checks: [{}, {}, {}, {}] })
  })
})
