import type { WeirProcess } from '@weir/local'
import { generateVirtualKey } from '@weir/secrets'
import { waitFor } from '@weir/testing'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClientOutcome } from '../chaos/client.js'
import { attemptsInJournal } from '../chaos/collect.js'
import { type Instance, startInstance } from '../chaos/instance.js'
import { type Finding, judge } from '../chaos/judge.js'
import { isReady } from '../chaos/settling.js'
import { Trial } from '../chaos/trial.js'
import { Upstream } from '../chaos/upstream.js'
import { chat, openCall, send, sendRefused } from '../stack/client.js'
import { sumOfGateways } from '../stack/metrics.js'

const services = ['identity', 'catalog', 'policy', 'metering', 'aggregator']

let home: string
let upstream: Upstream
let instance: Instance
let trial: Trial

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-survival-'))
  upstream = await Upstream.start()
  instance = await start()
  trial = await Trial.prepare(instance, { isBudgeted: false })
})

afterAll(async () => {
  await instance?.stop()
  await upstream?.stop()
  rmSync(home, { recursive: true, force: true })
})

describe('with all services and the database stopped', () => {
  beforeAll(async () => {
    await Promise.all(services.map((name) => processOf(name).stop()))
    await instance.weir.postgres.stop()
  })

  it('serves known keys for 10 s without an error, streams too', async () => {
    const outcomes = await trial.load({ requests: 300, rate: 30, seed: 1 })
    expect(unserved(outcomes)).toEqual([])
    expect(
      outcomes.filter(({ request, result }) => request.streamed && result === 'whole').length,
    ).toBeGreaterThan(20)
  })

  it('stays ready', async () => {
    for (const gateway of instance.gateways) expect(await isReady(instance.weir, gateway)).toBe(true)
  })

  it('refuses an unknown key with 503 and says why', async () => {
    const { status, error, headers } = await sendRefused({
      ...{ url: instance.weir.url, key: generateVirtualKey(), body: chat('plain-model') },
    })
    expect({ status, code: error.code }).toEqual({ status: 503, code: 'service_unavailable' })
    expect(error.message).toMatch(/not known to the gateway.*identity.*cannot be reached/)
    expect(headers['retry-after']).toBeDefined()
  })

  it('refuses a malformed key with 401', async () => {
    const { status, error } = await sendRefused({
      ...{ url: instance.weir.url, key: 'vk_made-up', body: chat('plain-model') },
    })
    expect({ status, code: error.code }).toEqual({ status: 401, code: 'invalid_api_key' })
  })

  it('keeps the usage in the journals', async () => {
    await waitFor(async () => (await sumOf('weir_journal_open_attempts')) === 0)
    expect(await sumOf('weir_journal_depth')).toBe(300)
    expect(instance.gateways.reduce((sum, name) => sum + attemptsInJournal(instance, name), 0)).toBe(300)
  })

  it('is killed, and serves again within 5 s from its snapshot', async () => {
    const killedAt = Date.now()
    for (const gateway of instance.gateways) processOf(gateway).kill('SIGKILL')
    const replies = await waitFor(
      async () => {
        const outcomes = await trial.load({ requests: 1, rate: 1, seed: Date.now() })
        return outcomes.some(({ result }) => result === 'whole') ? outcomes : undefined
      },
      { timeoutMs: 20_000, intervalMs: 50, what: 'the first reply after the kill' },
    )
    expect(unserved(replies)).toEqual([])
    expect(Date.now() - killedAt).toBeLessThan(5_000)

    await waitFor(
      async () =>
        (await Promise.all(instance.gateways.map((name) => isReady(instance.weir, name)))).every(Boolean),
      {
        timeoutMs: 20_000,
      },
    )
    expect(unserved(await trial.load({ requests: 50, rate: 50, seed: 2 }))).toEqual([])
  })

  it('has no plain secret and no content of requests on its disk', () => {
    const secrets = Object.values(
      JSON.parse(readFileSync(instance.weir.home.secrets, 'utf8')) as Record<string, string>,
    )
    const { keys, credentials } = trial.organization
    const words = [...keys, ...credentials, ...secrets, '"completion":', 'Water finds a way']
    for (const [index] of instance.gateways.entries()) {
      const folder = instance.weir.home.gateway(index + 1)
      expect(statSync(folder).mode & 0o077).toBe(0)
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
      expect(files).toEqual(
        expect.arrayContaining([join(folder, 'snapshot.bin'), expect.stringMatching(/journal.\d+\.log$/)]),
      )
      for (const file of files) {
        const content = readFileSync(file)
        expect(words.filter((word) => content.includes(word))).toEqual([])
      }
    }
  })

  it('delivers all usage when they return', async () => {
    await instance.weir.postgres.start()
    await Promise.all(services.map((name) => processOf(name).start()))
    expect(await trial.settle(60_000)).toBe(true)
    const evidence = await trial.collect()
    expect(judge(evidence)).toEqual([])
    expect(evidence.ledger.length).toBe(trial.outcomes.filter(({ result }) => result !== 'broken').length)
  })
})

describe('with a full disk', () => {
  it('refuses what it could not account for, tracks what it has begun, and goes on by itself', async (context) => {
    const pid = processOf('gateway-1').pid ?? 0
    const why = limitFileSize(pid, 'unlimited')
    if (why) return context.skip(why)
    const load = trial.load({ requests: 100, rate: 50, seed: 4 })
    await sleep(500)
    // Every write to a file fails from now on: the journal's, the snapshot's and the log's.
    limitFileSize(pid, '0')
    const workspace = await trial.instance.management.create('/v1/workspaces', { name: 'made-while-full' })
    expect(workspace).toMatchObject({ name: 'made-while-full' })
    const outcomes = await load
    const refused = outcomes.filter(({ result }) => result === 'refused')
    expect(refused.length).toBeGreaterThan(10)
    expect(
      refused.filter(({ detail }) => !/^503 service_unavailable: .*cannot write its journal/.test(detail)),
    ).toEqual([])
    expect(outcomes.filter(({ result }) => result === 'broken')).toEqual([])

    limitFileSize(pid, 'unlimited')
    const freedAt = Date.now()
    await sleep(1_100)
    expect(unserved(await trial.load({ requests: 20, rate: 50, seed: 5 }))).toEqual([])
    expect(processOf('gateway-1').pid).toBe(pid)
    const snapshot = join(instance.weir.home.gateway(1), 'snapshot.bin')
    await waitFor(() => statSync(snapshot).mtimeMs > freedAt, { timeoutMs: 15_000, what: 'the new snapshot' })
    expect(await trial.settle(60_000)).toBe(true)
    const evidence = await trial.collect()
    expect(withoutRefusals(judge(evidence))).toEqual([])
    const interrupted = evidence.ledger.filter(
      ({ outcome, requestId }) => outcome === 'interrupted' && requestId.startsWith('chaos-4-'),
    )
    expect(interrupted).toEqual([])
  })
})

describe('at SIGTERM', () => {
  it('drains everything under load and leaves nothing in the journals', async () => {
    const load = trial.load({ requests: 200, rate: 50, seed: 3 })
    const stream = openCall({
      ...{ url: instance.weir.url, key: trial.organization.keys[0] ?? '' },
      body: chat('plain-model', {
        stream: true,
        messages: [
          {
            role: 'user',
            content: JSON.stringify({ prompt: 5, cached: 0, completion: 6, reasoning: 0, chunks: 100 }),
          },
        ],
      }),
    })
    const reply = await stream.reply
    await sleep(500)
    await instance.stop()
    const text = (await reply.setEncoding('utf8').toArray()).join('')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)

    const outcomes = await load
    // Who asks on a connection that is just being closed may still hear why.
    const refused = outcomes.filter(
      ({ result, detail }) => result === 'refused' && !detail.includes('being stopped'),
    )
    expect(refused).toEqual([])
    expect(
      Object.fromEntries(instance.gateways.map((name) => [name, attemptsInJournal(instance, name)])),
    ).toEqual(Object.fromEntries(instance.gateways.map((name) => [name, 0])))

    instance = await start()
    trial.instance = instance
    expect(await trial.settle(60_000)).toBe(true)
    const evidence = await trial.collect()
    expect(withoutRefusals(judge(evidence))).toEqual([])
    expect(evidence.ledger.filter(({ outcome }) => outcome === 'interrupted')).toEqual([])
  })

  it('answers as before after the next start', async () => {
    const order = { prompt: 7, cached: 0, completion: 8, reasoning: 0, chunks: 2 }
    const body = chat('plain-model', { messages: [{ role: 'user', content: JSON.stringify(order) }] })
    const reply = await send({ url: instance.weir.url, key: trial.organization.keys[0] ?? '', body })
    expect(reply.status).toBe(200)
  })
})

function start(): Promise<Instance> {
  return startInstance({ home, upstream, gateways: 1, kafka: false, say: () => undefined })
}

function processOf(name: string): WeirProcess {
  const process = instance.weir.processes.get(name)
  if (!process) throw new Error(`There is no process ${name}.`)
  return process
}

const sumOf = (metric: string): Promise<number> =>
  sumOfGateways({ ports: instance.weir.ports, gateways: instance.gateways }, metric)

/** Why it cannot be done here; undefined: it is done. */
function limitFileSize(pid: number, bytes: string): string | undefined {
  const { error, status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], {
    encoding: 'utf8',
  })
  if (error) return `prlimit, which makes a disk look full, cannot be run here: ${error.message}`
  return status === 0 ? undefined : `prlimit, which makes a disk look full, failed: ${stderr}`
}

const withoutRefusals = (findings: Finding[]): Finding[] =>
  findings.filter(({ what }) => what !== 'requests that were refused')

const unserved = (outcomes: ClientOutcome[]): string[] =>
  outcomes
    .filter(({ result }) => result !== 'whole' && result !== 'hung_up')
    .map(({ request, result, detail }) => `${request.requestId} ${result} ${detail}`)
