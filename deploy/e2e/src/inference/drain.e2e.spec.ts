import { startWeir, type Weir } from '@weir/local'
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '@weir/testing'
import { isReady } from '../chaos/settling.js'
import { chat, eventsOf, openCall } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { Management } from '../stack/management.js'
import { chunk, RawUpstream } from '../stack/raw-upstream.js'
import { createScene, type Scene } from '../stack/scene.js'

const gateways = ['gateway-1', 'gateway-2', 'gateway-3']

let home: string
let weir: Weir
let upstream: RawUpstream
let scene: Scene

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-drain-'))
  ;[weir, upstream] = await Promise.all([
    startWeir({
      ...{ home, port: 0, gateways: 3, quiet: true },
      env: { WEIR_DRAIN_MS: '1500', NODE_COMPILE_CACHE: compileCache },
    }),
    RawUpstream.start(),
  ])
  const management = new Management(weir.url, weir.masterKey)
  scene = await createScene({ url: weir.url, management, gateways }, { baseUrl: upstream.baseUrl })
})

afterAll(async () => {
  await weir?.stop()
  await upstream?.stop()
  rmSync(home, { recursive: true, force: true })
})

async function restart(name: string): Promise<void> {
  const process = weir.processes.get(name)
  if (!process) throw new Error(`There is no process ${name}.`)
  await process.stop()
  await process.start()
  await waitFor(() => isReady(weir, name), { timeoutMs: 30_000, what: `${name} to be ready` })
}

const isLinux = process.platform === 'linux'

describe.runIf(isLinux)('a gateway that is stopped', () => {
  it('fails no request of 300 a second while three are restarted one after the other', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 50 })
    const body = JSON.stringify(chat(scene.model.name))
    const failures: string[] = []
    let count = 0
    let underway = 0
    const ask = async () => {
      count++
      underway++
      try {
        const call = request(`${weir.url}/v1/chat/completions`, {
          ...{ method: 'POST', agent },
          headers: { authorization: `Bearer ${scene.key}`, 'content-type': 'application/json' },
        })
        const response = once(call, 'response')
        call.end(body)
        const [reply] = (await response) as [import('node:http').IncomingMessage]
        for await (const _ of reply);
        if (reply.statusCode !== 200) failures.push(String(reply.statusCode))
      } catch (error) {
        failures.push(String(error))
      } finally {
        underway--
      }
    }
    const timer = setInterval(() => {
      for (let each = 0; each < 3; each++) void ask()
    }, 10)
    await sleep(500)
    for (const name of gateways) {
      await restart(name)
      await sleep(300)
    }
    clearInterval(timer)
    await waitFor(() => underway === 0)
    agent.destroy()
    expect(count).toBeGreaterThan(500)
    expect(failures).toEqual([])
  }, 120_000)

  it('ends the streams that are still going with an error event, in every dialect', async () => {
    const model = await scene.addModel()
    upstream.answer(model.name, async (call) => {
      call.startStream()
      while (!call.response.destroyed) {
        await call.event(chunk('more '))
        await sleep(50)
      }
    })
    const messages = [{ role: 'user', content: 'Hi' }]
    const dialects: [path: string, fields: Record<string, unknown>][] = [
      ['/v1/chat/completions', { messages }],
      ['/v1/messages', { max_tokens: 9, messages }],
      ['/v1/responses', { input: 'Hi' }],
    ]
    const streams = await Promise.all(
      dialects.map(async ([path, fields]) => {
        const body = { model: model.name, stream: true, ...fields }
        const reply = await openCall({ url: weir.url, key: scene.key, path, body }).reply
        return { path, text: reply.setEncoding('utf8').toArray() }
      }),
    )
    // Which of the gateways has which is the system's choice.
    await Promise.all(gateways.map(restart))
    for (const { path, text } of streams) {
      const last = eventsOf((await text).join('')).at(-1) ?? ''
      const event = JSON.parse(last) as { type?: string; error?: { code?: string }; code?: string }
      expect([path, event.error?.code ?? event.code]).toEqual([path, 'service_unavailable'])
      expect([path, event.type ?? 'error']).toEqual([path, 'error'])
    }
  }, 60_000)
})
