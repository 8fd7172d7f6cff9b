import { chatRequest, messagesRequest } from '../load/chat-request.js'
import type { LoadPlan, LoadResult, Schedule } from '../load/plan.js'
import { foreignShare, machineUse } from '../machine/foreign.js'
import { cpuSeconds, rssMib } from '../machine/proc.js'
import type { Sent, Target } from '../target/target.js'
import { streamEvents } from '../upstream/chat.js'
import type { Rig } from './rig.js'

/** What one load came to. */
export interface Outcome {
  load: LoadResult
  /** The work that the load caused, also what was done after the last reply; undefined for direct. */
  allIn: { requests: number; cpuSeconds: number } | undefined
  drainSeconds: number
  /** Before the first load and after this one; undefined for direct. */
  idleRssMib: number | undefined
  rssMib: number | undefined
  /** Time that others used on this machine during the load, as a share of one core. */
  foreignShare: number
}

export interface LoadOptions {
  connections: number
  schedule: Schedule
  /** Milliseconds between a stream's chunks; undefined for plain requests. */
  paceMs: number | undefined
  /** Asks in Anthropic's dialect; of a target that translates only. */
  isTranslated?: true
}

const readyWithinMs = 10_000

/** A target under measurement: runs loads against it and keeps the books of what it was sent. */
export class Subject {
  private readonly sent: Sent = { requests: 0, streams: 0 }
  /** Memory before the first load. */
  idleRssMib: number | undefined

  constructor(
    readonly target: Target,
    private readonly rig: Rig,
  ) {}

  /** One plain and one streamed request, as soon as the target serves them; a key may need a second to be in force. */
  async prove(): Promise<void> {
    const deadlineMs = performance.now() + readyWithinMs
    while (!(await this.serves(performance.now() > deadlineMs))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const schedule: Schedule = { kind: 'count', requests: 1 }
    await this.run({ connections: 1, schedule, paceMs: 0 })
    this.idleRssMib = this.rss()
  }

  /** @throws when a single request failed, did not reach the upstream exactly once, or was not accounted for */
  async run(options: LoadOptions): Promise<Outcome> {
    const { target, rig } = this
    const before = await rig.stats()
    const cpuBefore = this.cpu()
    const use = machineUse()
    const load = await rig.run(this.plan(options), options.paceMs)
    const foreign = foreignShare(use, machineUse())
    const after = await rig.stats()
    this.sent.requests += load.succeeded
    if (options.paceMs !== undefined) this.sent.streams += load.succeeded
    if (load.failed > 0) {
      throw new Error(
        `${load.failed} of ${load.sent} requests to ${target.name} failed, the first with: ${load.firstFailure}`,
      )
    }
    const reached = after.requests - before.requests
    if (reached !== load.sent) {
      throw new Error(
        `${load.sent} requests were sent to ${target.name}, but ${reached} reached the upstream.`,
      )
    }
    const { drainSeconds } = await target.settle(this.sent)
    const cpuAfter = this.cpu()
    const allIn =
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : { requests: load.sent, cpuSeconds: cpuAfter - cpuBefore }
    return {
      load,
      allIn,
      drainSeconds,
      idleRssMib: this.idleRssMib,
      rssMib: this.rss(),
      foreignShare: foreign,
    }
  }

  private plan({ connections, schedule, paceMs, isTranslated }: LoadOptions): LoadPlan {
    const { url, messagesUrl = url, headers, model, pid } = this.target
    const stream = paceMs !== undefined
    return {
      ...(isTranslated
        ? { url: messagesUrl, body: messagesRequest(model) }
        : { url, body: chatRequest(model, stream) }),
      headers,
      connections,
      schedule,
      ...(stream ? { streamEvents } : {}),
      watchPids: pid === undefined ? [] : [pid],
    }
  }

  private async serves(last: boolean): Promise<boolean> {
    const { url, headers, model, name } = this.target
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: chatRequest(model, false),
    })
    const text = await response.text()
    if (response.ok) this.sent.requests++
    else if (last) throw new Error(`${name} does not serve: ${response.status} ${text}`)
    return response.ok
  }

  private cpu(): number | undefined {
    return this.target.pid === undefined ? undefined : cpuSeconds(this.target.pid)
  }

  private rss(): number | undefined {
    return this.target.pid === undefined ? undefined : rssMib(this.target.pid)
  }
}
