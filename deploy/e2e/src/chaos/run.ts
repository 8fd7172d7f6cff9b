import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientOutcome } from './client.js'
import { type Instance, startInstance } from './instance.js'
import { judge } from './judge.js'
import { Killer } from './killer.js'
import { judgeMoney } from './money.js'
import type { ChaosOptions } from './options.js'
import { Random } from './random.js'
import { type ChaosResult, figuresOf } from './result.js'
import { Trial } from './trial.js'
import { sumOfGateways } from '../stack/metrics.js'

const progressEveryMs = 5_000
const settleTimeoutMs = 180_000

interface RunOptions extends ChaosOptions {
  /** Where progress is told. */
  say: (line: string) => void
  /** Ends the run before its end: it fails, and leaves nothing running. */
  signal?: AbortSignal
}

/** Someone ended the run before its end. */
export class ChaosInterrupted extends Error {}

/** Runs load over a whole Weir while its processes are killed, then counts everything. */
export async function runChaos(options: RunOptions): Promise<ChaosResult> {
  const { say } = options
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'weir-chaos-'))
  let result: ChaosResult | undefined
  let instance: Instance | undefined
  try {
    instance = await startInstance({ ...options, home })
    const ended = Trial.prepare(instance, { say }).then((trial) => killUnderLoad(trial, options))
    result = await Promise.race([ended, interrupted(options.signal)])
    return result
  } finally {
    await instance?.stop()
    const isKept = options.home !== undefined || (result !== undefined && result.findings.length > 0)
    if (isKept) say(`the instance is kept in ${home}`)
    else rmSync(home, { recursive: true, force: true })
  }
}

function interrupted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void =>
      reject(new ChaosInterrupted('The run was interrupted; everything is stopped again.'))
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end)
  })
}

/** Sends load while processes are killed, waits until all is at rest, then counts everything of the whole trial. */
export async function killUnderLoad(
  trial: Trial,
  options: Pick<RunOptions, 'requests' | 'rate' | 'killEveryMs' | 'seed' | 'say'>,
): Promise<ChaosResult> {
  const { say, seed, killEveryMs, requests, rate } = options
  const { instance } = trial
  say(`${requests} requests at ${rate} a second, a kill -9 every ${killEveryMs / 1_000} s, seed ${seed}`)
  const { victims } = instance
  const killer = new Killer({ victims, random: new Random(seed + 1), everyMs: killEveryMs, say })
  const clients: Record<ClientOutcome['result'], number> = { whole: 0, hung_up: 0, broken: 0, refused: 0 }
  const tell = (): void => say(`${describe(clients)}; ${killer.total} kills`)
  const progress = setInterval(tell, progressEveryMs)
  const beganAt = Date.now()
  killer.start()
  try {
    await trial.load({ requests, rate, seed, onOutcome: ({ result }) => void clients[result]++ })
  } finally {
    clearInterval(progress)
    await killer.stop()
  }
  tell()
  const loadMs = Date.now() - beganAt
  const isSettled = await trial.settle(settleTimeoutMs)
  const settleMs = Date.now() - beganAt - loadMs
  const evidence = await trial.collect()
  const findings = judge(evidence)
  if (!isSettled) {
    const what = `not everything was at rest ${settleTimeoutMs / 1_000} s after the load`
    findings.unshift({ what, count: 1, first: [] })
  }
  findings.push(...(await judgeMoney(instance.management, evidence)))
  const { weir, gateways } = instance
  const slots = await sumOfGateways({ ports: weir.ports, gateways }, 'weir_rate_slots_used')
  if (slots > 0) {
    findings.push({
      what: 'slots of a parallel limit that no request has, and that are taken',
      count: slots,
      first: [],
    })
  }
  return {
    bus: instance.kafka ? 'Kafka' : 'PostgreSQL',
    ...{ seed, gateways: instance.gateways.length, loadMs, settleMs, clients },
    kills: Object.fromEntries(killer.kills),
    figures: figuresOf(evidence),
    findings,
  }
}

const describe = ({ whole, hung_up, broken, refused }: Record<ClientOutcome['result'], number>): string =>
  `${whole} replies whole, ${hung_up} left by their client, ${broken} broken, ${refused} refused`
