import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, send } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { createScene, type Scene } from '../stack/scene.js'

let home: string
let weir: Weir
let management: Management
let scene: Scene
let other: Scene

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-settings-'))
  weir = await startWeir({
    ...{ home, port: 0, quiet: true, gateways: 1 },
    env: { NODE_COMPILE_CACHE: compileCache, WEIR_RETENTION_SWEEP_MS: '200' },
  })
  management = new Management(weir.url, weir.masterKey)
  const host = { url: weir.url, management, gateways: ['gateway-1'] }
  scene = await createScene(host)
  other = await createScene(host)
})
afterAll(async () => {
  await weir?.stop()
  rmSync(home, { recursive: true, force: true })
})

const set = (settings: object) => management.update(`/v1/workspaces/${scene.workspace.id}`, { settings })

describe('settings of a workspace', () => {
  it('switch the response cache on and off, in the workspace alone', async () => {
    const body = chat(scene.model.name, { temperature: 0 })
    const ask = async ({ key, model }: Scene) => {
      const reply = await send({ url: weir.url, key, body: { ...body, model: model.name } })
      expect(reply.status).toBe(200)
      return reply.headers['x-weir-cache']
    }
    expect([await ask(scene), await ask(scene)]).toEqual([undefined, undefined])
    await set({ response_cache: true, response_cache_ttl_s: 600 })
    await waitFor(async () => (await ask(scene)) === 'hit')
    expect([await ask(other), await ask(other)]).toEqual([undefined, undefined])
    await set({ response_cache: false })
    await waitFor(async () => (await ask(scene)) === undefined)
  })

  it('end the requests that are over the retention, of the workspace alone', async () => {
    const ask = async ({ key, model }: Scene) => {
      const { headers } = await send({ url: weir.url, key, body: chat(model.name) })
      return String(headers['x-request-id'])
    }
    const [old, fresh, foreign] = [await ask(scene), await ask(scene), await ask(other)]
    const isLogged = async (request: string) =>
      (await management.send('GET', `/v1/requests/${request}`)).status === 200
    for (const request of [old, fresh, foreign]) await waitFor(() => isLogged(request))
    const sql = new pg.Client({ connectionString: weir.postgres.url })
    await sql.connect()
    try {
      // As if they had been made long ago.
      await sql.query(
        `UPDATE metering.ledger SET started_at = now() - interval '20 days', rated_at = now() - interval '20 days'
         WHERE request_id = ANY ($1)`,
        [[old, foreign]],
      )
      expect(await isLogged(old)).toBe(true)
      await set({ retention_days: 10 })
      const rows = async () =>
        (await sql.query(`SELECT FROM metering.ledger WHERE request_id = $1`, [old])).rowCount
      await waitFor(async () => (await rows()) === 0)
    } finally {
      await sql.end()
    }
    expect([await isLogged(old), await isLogged(fresh), await isLogged(foreign)]).toEqual([false, true, true])
  })
})
