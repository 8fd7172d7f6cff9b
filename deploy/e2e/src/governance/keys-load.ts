import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const tickMs = 10
/** Beyond this the gateways are behind, and more would only wait. */
const mostUnderWay = 150

/** Requests at a steady rate, spread over as many connections as are needed, while something else is measured. */
export class Load {
  served = 0
  /** Answers that were none, by status. */
  readonly refused = new Map<number | string, number>()
  private underWay = 0
  private running = true
  private readonly beganAt = performance.now()
  private endedAt = 0
  private readonly done: Promise<void>
  private readonly agent = new Agent({ keepAlive: true, maxSockets: mostUnderWay })

  constructor(private readonly options: { url: string; key: string; model: string; rate: number }) {
    this.done = this.run()
  }

  /** Requests a second that were served. */
  get rate(): number {
    return (this.served * 1000) / ((this.endedAt || performance.now()) - this.beganAt)
  }

  async stop(): Promise<void> {
    this.running = false
    await this.done
  }

  private async run(): Promise<void> {
    const { rate } = this.options
    let due = 0
    for (let at = performance.now(); this.running;) {
      await sleep(tickMs)
      const now = performance.now()
      // What could not be sent in time is not made up for.
      due = Math.min(due + ((now - at) * rate) / 1000, rate / 10)
      at = now
      for (; due >= 1 && this.underWay < mostUnderWay; due--) this.send()
    }
    this.endedAt = performance.now()
    while (this.underWay > 0) await sleep(tickMs)
    this.agent.destroy()
  }

  private send(): void {
    const { url, key, model } = this.options
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }
    this.underWay++
    const end = (status: number | string) => {
      this.underWay--
      if (status === 200) this.served++
      else this.refused.set(status, (this.refused.get(status) ?? 0) + 1)
    }
    const call = request(`${url}/v1/chat/completions`, { method: 'POST', agent: this.agent, headers })
    call.on('response', (response) => {
      response.resume()
      response.once('end', () => end(response.statusCode ?? 0))
    })
    call.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    call.end(body)
  }
}
