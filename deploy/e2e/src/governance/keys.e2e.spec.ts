import { startWeir, type Weir } from '@weir/local'
import { waitFor } from '@weir/testing'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, openCall } from '../stack/client.js'
import { compileCache } from '../stack/compile-cache.js'
import { type CreatedKey, Factory, type Resource, unique } from '../stack/factory.js'
import { Management } from '../stack/management.js'
import { createScene } from '../stack/scene.js'
import { chunk, RawUpstream, sse } from '../stack/raw-upstream.js'
import { Load } from './keys-load.js'
import { type GatewayAnswer, pinGateways, type PinnedGateway } from './keys-gateways.js'

/**
 * How many changes are made, and requests a second that the gateways serve meanwhile: for the full
 * measurement WEIR_CHANGE_ROUNDS=100, on a machine that has nothing else to do.
 */
const rounds = Number(process.env['WEIR_CHANGE_ROUNDS'] ?? 20)
const isFull = rounds >= 100
const rate = Number(process.env['WEIR_CHANGE_RATE'] ?? (isFull ? 1_000 : 150))
/** What a change may take until it is in force on every gateway. */
const inForceMs = 1_000

let home: string
let weir: Weir
let upstream: RawUpstream
let management: Management
let factory: Factory
let gateways: PinnedGateway[]
let model: Resource
let other: Resource
let held: Resource
let load: Load

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'weir-keys-'))
  upstream = await RawUpstream.start()
  weir = await startWeir({
    ...{ home, port: 0, quiet: true, gateways: process.platform === 'linux' ? 3 : 1 },
    env: { NODE_COMPILE_CACHE: compileCache },
  })
  management = new Management(weir.url, weir.masterKey)
  factory = new Factory(management)
  const provider = await factory.createProvider({ base_url: upstream.baseUrl })
  ;[model, other, held] = await Promise.all([
    factory.createModel({ provider: provider.id }),
    factory.createModel({ provider: provider.id }),
    factory.createModel({ provider: provider.id }),
  ])
  gateways = await pinGateways(weir)
  const scene = await createScene({ ...weir, management, gateways: gateways.map(({ name }) => name) })
  load = new Load({ url: weir.url, key: scene.key, model: scene.model.name, rate })
})
afterAll(async () => {
  await load?.stop()
  for (const gateway of gateways ?? []) gateway.close()
  await weir?.stop()
  await upstream?.stop()
  rmSync(home, { recursive: true, force: true })
})

/** One application. */
interface Application {
  key: CreatedKey
  parent: Resource
  team: Resource
  workload: Resource
  workspace: Resource
  /** User whose personal key it is; absent: a service key. */
  owner: string | undefined
}

async function makeApplication(isPersonal = false): Promise<Application> {
  const [parent, workspace] = await Promise.all([factory.createTeam(), factory.createWorkspace()])
  const [team, workload] = await Promise.all([
    factory.createTeam({ parent: parent.id }),
    factory.createWorkload({ workspace: workspace.id }),
  ])
  const owner = isPersonal ? await makeMember(workspace.id) : undefined
  const links = { workspace: workspace.id, team: team.id, workload: workload.id, ...(owner && { owner }) }
  const key = await factory.createVirtualKey(links)
  return { key, parent, team, workload, workspace, owner }
}

async function makeMember(workspace: string): Promise<string> {
  const name = unique('user')
  const { id } = await management.create<Resource>('/v1/users', { name, email: `${name}@example.com` })
  await management.create(`/v1/workspaces/${workspace}/members`, { user: id, role: 'member' })
  return id
}

type Step = [method: string, path: string, body?: object]

/** Something that is taken away, and given back where that is possible. */
interface Change {
  name: string
  code: string
  /** The key is a user's own. */
  isPersonal?: true
  prepare?: (application: Application) => Step
  take: (application: Application) => Step
  give?: (application: Application) => Step
}

const onKey = (body: object) => (application: Application) =>
  ['PATCH', `/v1/keys/${application.key.id}`, body] satisfies Step
const onTeam = (which: 'team' | 'parent', models: string[]) => (application: Application) =>
  ['PATCH', `/v1/teams/${application[which].id}`, { models }] satisfies Step
const onWorkload = (models: string[]) => (application: Application) =>
  ['PATCH', `/v1/workloads/${application.workload.id}`, { models }] satisfies Step
const whitelistOf = ({ workspace }: Application) => `/v1/workspaces/${workspace.id}/models`

const changes: Change[] = [
  {
    ...{ name: 'a key is disabled', code: 'key_disabled' },
    ...{ take: onKey({ disabled: true }), give: onKey({ disabled: false }) },
  },
  {
    ...{ name: 'a key loses its models', code: 'model_not_allowed' },
    ...{ take: onKey({ models: [] }), give: onKey({ models: null }) },
  },
  {
    ...{ name: 'a workspace gets a whitelist', code: 'model_not_allowed' },
    take: (application) => ['POST', whitelistOf(application), { model: other.name }],
    give: (application) => ['DELETE', `${whitelistOf(application)}/${other.name}`],
  },
  {
    ...{ name: 'a key loses its endpoint', code: 'endpoint_not_allowed' },
    ...{ take: onKey({ endpoints: ['images'] }), give: onKey({ endpoints: null }) },
  },
  {
    ...{ name: 'a workload loses its models', code: 'model_not_allowed' },
    ...{ take: onWorkload([]), give: onWorkload(['*']) },
  },
  {
    ...{ name: 'a model is switched off in a workspace', code: 'model_not_allowed' },
    prepare: (application) => ['POST', whitelistOf(application), { model: model.name }],
    take: (application) => ['PATCH', `${whitelistOf(application)}/${model.name}`, { available: false }],
    give: (application) => ['PATCH', `${whitelistOf(application)}/${model.name}`, { available: true }],
  },
  {
    ...{ name: 'a key is limited to another network', code: 'source_not_allowed' },
    ...{ take: onKey({ source_networks: ['192.0.2.0/24'] }), give: onKey({ source_networks: null }) },
  },
  {
    ...{ name: 'a team loses its models', code: 'model_not_allowed' },
    ...{ take: onTeam('team', ['another']), give: onTeam('team', ['*']) },
  },
  {
    ...{ name: 'a membership ends, with a personal key', code: 'invalid_api_key', isPersonal: true },
    take: ({ workspace, owner }) => ['DELETE', `/v1/workspaces/${workspace.id}/members/${owner}`],
  },
  { name: 'a key is deleted', code: 'invalid_api_key', take: ({ key }) => ['DELETE', `/v1/keys/${key.id}`] },
  {
    ...{ name: 'a team above loses its models', code: 'model_not_allowed' },
    ...{ take: onTeam('parent', []), give: onTeam('parent', ['*']) },
  },
  {
    ...{ name: 'a key is rotated without a grace', code: 'invalid_api_key' },
    take: ({ key }) => ['POST', `/v1/keys/${key.id}/rotate`, {}],
  },
]

/** Asks every gateway again and again, each over its own connection. */
class Probe {
  readonly answers = new Map<string, GatewayAnswer[]>()
  private running = true
  private readonly done: Promise<unknown>

  constructor(key: string) {
    this.done = Promise.all(
      gateways.map(async ({ name, chat }) => {
        const answers: GatewayAnswer[] = []
        this.answers.set(name, answers)
        while (this.running) {
          answers.push(await chat(key, model.name))
          await sleep(4)
        }
      }),
    )
    // Awaited by stop().
    this.done.catch(() => undefined)
  }

  /** The last answer of each gateway. */
  get latest(): string[] {
    return [...this.answers.values()].map((answers) => codeOf(answers.at(-1)))
  }

  async stop(): Promise<void> {
    this.running = false
    await this.done
  }
}

const codeOf = (answer: GatewayAnswer | undefined): string =>
  answer ? (answer.status === 200 ? 'served' : answer.code) : 'none'

/** Milliseconds from a change to the last answer that was not by it; 0 when there was none. */
const latenessOf = (answers: GatewayAnswer[], wanted: string, madeAt: number): number =>
  Math.max(0, ...answers.filter((answer) => codeOf(answer) !== wanted).map(({ beganAt }) => beganAt - madeAt))

/** What is answered after a gateway has answered by the change for the first time. */
const afterFirst = (answers: GatewayAnswer[], wanted: string): Set<string> =>
  new Set(answers.slice(answers.findIndex((answer) => codeOf(answer) === wanted)).map(codeOf))

/** Makes a change while every gateway is asked; gives how late each was, and leaves the probe running for a while. */
async function follow(key: string, step: Step, wanted: string): Promise<number[]> {
  const probe = new Probe(key)
  try {
    await waitFor(
      () => probe.latest.every((code) => code !== 'none') && probe.latest.length === gateways.length,
    )
    const begunAt = [...probe.answers.values()].map((answers) => answers.length)
    await management.call(...step)
    const madeAt = performance.now()
    await waitFor(() => probe.latest.every((code) => code === wanted), { timeoutMs: 5_000, intervalMs: 5 })
    await sleep(300)
    await probe.stop()
    const since = [...probe.answers.values()].map((answers, index) => answers.slice(begunAt[index]))
    for (const answers of since) expect(afterFirst(answers, wanted)).toEqual(new Set([wanted]))
    return since.map((answers) => latenessOf(answers, wanted, madeAt))
  } finally {
    await probe.stop()
  }
}

/** A stream that began under the old state, and ends when it is told to. */
async function openStream(key: string): Promise<{ reply: IncomingMessage; finish: () => void }> {
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => (finish = resolve))
  upstream.answer(held.name, async (call) => {
    call.startStream()
    await call.event(chunk('under way'))
    await finished
    call.end(sse('[DONE]'))
  })
  // What lets it in may not have reached the gateway that gets it.
  const response = await waitFor(async () => {
    const reply = await openCall({ url: weir.url, key, body: chat(held.name, { stream: true }) }).reply
    if (reply.statusCode === 200) return reply
    reply.resume()
    return undefined
  })
  await once(response, 'readable')
  return { reply: response, finish }
}

async function textOf(reply: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of reply.setEncoding('utf8')) text += part as string
  return text
}

const percentile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

describe('threat 16: a change is in force on every gateway within a second', () => {
  const lateness: number[] = []
  const plan = Array.from(
    { length: rounds },
    (_, round) => [round + 1, changes[round % changes.length] as Change] as const,
  )

  it.each(plan.map(([round, change]) => [round, change.name, change] as const))(
    'round %i: %s',
    async (_, __, change) => {
      const application = await makeApplication(change.isPersonal)
      const { key } = application.key
      if (change.prepare) {
        await management.call(...change.prepare(application))
        const path = `/v1/workspaces/${application.workspace.id}/models`
        await management.create(path, { model: held.name })
      }
      await waitFor(async () => {
        const answers = await Promise.all(gateways.map((gateway) => gateway.chat(key, model.name)))
        return answers.every(({ status }) => status === 200)
      })
      const stream = await openStream(key)
      const late = await follow(key, change.take(application), change.code)
      // What ends now was let in by the old state, and must not bring it back.
      stream.finish()
      expect((await textOf(stream.reply)).endsWith(sse('[DONE]'))).toBe(true)
      const after = await Promise.all(gateways.map((gateway) => gateway.chat(key, model.name)))
      expect(after.map(codeOf)).toEqual(gateways.map(() => change.code))
      if (change.give) late.push(...(await follow(key, change.give(application), 'served')))
      expect(Math.max(...late)).toBeLessThan(inForceMs)
      lateness.push(...late)
    },
  )

  it('in most cases much sooner', () => {
    const sorted = lateness.sort((left, right) => left - right)
    const [half, most] = [percentile(sorted, 0.5), percentile(sorted, 0.99)].map(Math.round)
    const served = Math.round(load.rate)
    console.log(
      `${sorted.length} changes on gateways at ${served} requests/s: in force after ${half} ms (p50), ${most} ms (p99)`,
    )
    expect([...load.refused]).toEqual([])
    expect(served).toBeGreaterThan(0)
    if (isFull) expect(most).toBeLessThan(300)
    expect(sorted.length).toBeGreaterThanOrEqual(rounds * gateways.length)
    expect(half).toBeLessThan(300)
  })
})

describe('a key that is rotated with a grace', () => {
  it('works by both values, and by the old one to the moment that was told and no longer', async () => {
    const { key } = await makeApplication()
    await waitFor(async () =>
      (await Promise.all(gateways.map((gateway) => gateway.chat(key.key, model.name)))).every(
        ({ status }) => status === 200,
      ),
    )
    const rotated = await management.create<{ key: string; previous_value_until: string }>(
      `/v1/keys/${key.id}/rotate`,
      { grace_period_s: 3 },
    )
    const untilMs = Date.parse(rotated.previous_value_until)
    const until = performance.now() + untilMs - Date.now()
    await waitFor(async () =>
      (await Promise.all(gateways.map((gateway) => gateway.chat(rotated.key, model.name)))).every(
        ({ status }) => status === 200,
      ),
    )
    const probe = new Probe(key.key)
    await sleep(until - performance.now() + 700)
    await probe.stop()
    for (const answers of probe.answers.values()) {
      const before = answers.filter(({ beganAt }) => beganAt < until - 200)
      const after = answers.filter(({ beganAt }) => beganAt > until + 2)
      expect(before.length).toBeGreaterThan(10)
      expect(after.length).toBeGreaterThan(10)
      expect(new Set(before.map(codeOf))).toEqual(new Set(['served']))
      expect(new Set(after.map(codeOf))).toEqual(new Set(['invalid_api_key']))
    }
    const fresh = await Promise.all(gateways.map((gateway) => gateway.chat(rotated.key, model.name)))
    expect(fresh.map(codeOf)).toEqual(gateways.map(() => 'served'))
  })
})

describe('a key that expires', () => {
  it('is refused by every gateway from that moment on', async () => {
    const { key } = await makeApplication()
    const expiresAtMs = Date.now() + 3_000
    await management.update(`/v1/keys/${key.id}`, { expires_at: new Date(expiresAtMs).toISOString() })
    const end = performance.now() + expiresAtMs - Date.now()
    await sleep(500)
    const probe = new Probe(key.key)
    await sleep(end - performance.now() + 500)
    await probe.stop()
    for (const answers of probe.answers.values()) {
      const before = answers.filter(({ beganAt }) => beganAt < end - 200)
      const after = answers.filter(({ beganAt }) => beganAt > end + 2)
      expect([new Set(before.map(codeOf)), new Set(after.map(codeOf))]).toEqual([
        new Set(['served']),
        new Set(['key_expired']),
      ])
    }
  })
})
