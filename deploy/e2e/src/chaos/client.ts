import { Agent, type IncomingMessage, request as openRequest } from 'node:http'
import type { Organization } from './organization.js'
import type { PlannedRequest } from './plan.js'

/** What a client saw of its request. */
export interface ClientOutcome {
  request: PlannedRequest
  /**
   * whole: the reply came to its end. hung_up: the client left, as planned. broken: the connection
   * failed or the reply broke off. refused: an error status, or an error event in the stream.
   */
  result: 'whole' | 'hung_up' | 'broken' | 'refused'
  /** Why it is not whole, or what is wrong with what came whole; empty: nothing. */
  detail: string
}

const timeoutMs = 60_000

/** Sends requests as an application does that retries nothing. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 200 })

  constructor(
    private readonly url: string,
    private readonly organization: Organization,
  ) {}

  /** Resolves with what came of it, whatever it is. */
  send(request: PlannedRequest): Promise<ClientOutcome> {
    const body = this.bodyOf(request)
    return new Promise((resolve) => {
      const done = (result: ClientOutcome['result'], detail = ''): void =>
        resolve({ request, result, detail })
      const call = openRequest(`${this.url}/v1/chat/completions`, {
        method: 'POST',
        agent: request.ownConnection ? false : this.agent,
        timeout: timeoutMs,
        headers: {
          authorization: `Bearer ${this.organization.keys[request.key] ?? ''}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-request-id': request.requestId,
        },
      })
      call.on('timeout', () => call.destroy(new Error(`nothing came for ${timeoutMs / 1000} s`)))
      call.on('error', (error: NodeJS.ErrnoException) => done('broken', error.code ?? error.message))
      call.on('response', (response) => {
        const reading = new Reading(request, response, () => call.destroy())
        response.on('data', (chunk: Buffer) => reading.take(chunk, done))
        response.on('end', () => done(...reading.judge()))
        response.on('error', (error: NodeJS.ErrnoException) => done('broken', error.code ?? error.message))
      })
      call.end(body)
    })
  }

  close(): void {
    this.agent.destroy()
  }

  private bodyOf({ model, streamed, showsUsage, reply }: PlannedRequest): string {
    return JSON.stringify({
      model: this.organization.models[model]?.name,
      messages: [{ role: 'user', content: JSON.stringify(reply) }],
      ...(streamed && { stream: true }),
      ...(streamed && showsUsage && { stream_options: { include_usage: true } }),
    })
  }
}

type Verdict = [result: ClientOutcome['result'], detail?: string]

interface ReportedUsage {
  prompt_tokens: number
  completion_tokens: number
}

/** A reply while it comes. */
class Reading {
  private text = ''

  constructor(
    private readonly request: PlannedRequest,
    private readonly response: IncomingMessage,
    private readonly hangUp: () => void,
  ) {}

  take(chunk: Buffer, done: (...verdict: Verdict) => void): void {
    this.text += chunk.toString('latin1')
    const { hangsUpAfter } = this.request
    if (hangsUpAfter === undefined || this.response.statusCode !== 200) return
    // The first event only says whose turn it is.
    if (this.text.split('\n\n').length - 2 < hangsUpAfter) return
    done('hung_up')
    this.hangUp()
  }

  /** What to say of it now that it has ended. */
  judge(): Verdict {
    if (this.response.statusCode !== 200) return ['refused', this.refusal()]
    if (!this.request.streamed) return this.judgeWhole(JSON.parse(this.text) as { usage?: ReportedUsage })
    if (!this.text.endsWith('data: [DONE]\n\n')) {
      const last = this.text.trimEnd().split('\n\n').at(-1) ?? ''
      return last.startsWith('data: {"error"') ? ['refused', last.slice(6, 300)] : ['broken', 'no [DONE]']
    }
    const usages = [...this.text.matchAll(/^data: (\{.*"usage":\{.*)$/gm)].map(
      ([, event]) => JSON.parse(event ?? '') as { usage?: ReportedUsage },
    )
    if (!this.request.showsUsage) {
      return usages.length === 0
        ? ['whole']
        : ['whole', 'usage was shown though the client did not ask for it']
    }
    return usages[0] ? this.judgeWhole(usages[0]) : ['whole', 'usage was asked for and did not come']
  }

  private judgeWhole({ usage }: { usage?: ReportedUsage }): Verdict {
    const { prompt, completion } = this.request.reply
    const isRight = usage?.prompt_tokens === prompt && usage.completion_tokens === completion
    return isRight
      ? ['whole']
      : ['whole', `it says ${JSON.stringify(usage)} tokens, the upstream ${prompt} and ${completion}`]
  }

  private refusal(): string {
    const status = this.response.statusCode ?? 0
    try {
      const { error } = JSON.parse(this.text) as { error?: { code?: string; message?: string } }
      return `${status} ${error?.code ?? ''}: ${error?.message ?? ''}`
    } catch {
      return `${status} ${this.text.slice(0, 200)}`
    }
  }
}
