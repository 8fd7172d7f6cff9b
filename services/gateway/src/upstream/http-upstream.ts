import { findForbiddenLiteral, forbiddenAddressCode, guardedLookup } from '@weir/upstream-address'
import { type Dispatcher, Pool } from 'undici'
import {
  type Upstream,
  type UpstreamCall,
  UpstreamFailure,
  type UpstreamHandler,
  type UpstreamRequest,
} from './upstream.js'

interface HttpUpstreamOptions {
  connectTimeoutMs: number
  firstByteTimeoutMs: number
  idleTimeoutMs: number
  /** Whether connecting to an IP address is refused; see WEIR_UPSTREAM_ALLOW. */
  isForbidden(address: string): boolean
}

/** Calls providers over HTTP with kept-alive connections, one pool an origin. Redirects are not followed. */
export class HttpUpstream implements Upstream {
  private readonly pools = new Map<string, { pool: Pool; prefix: string }>()

  constructor(private readonly options: HttpUpstreamOptions) {}

  call(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const { pool, prefix } = this.poolOf(request.baseUrl)
    const { method = 'POST', headers, body, firstByteTimeoutMs } = request
    const call = new HttpCall(handler, firstByteTimeoutMs)
    pool.dispatch(
      {
        ...{ method, path: prefix + request.path, headers, body: method === 'GET' ? null : body },
        ...(firstByteTimeoutMs ? { headersTimeout: firstByteTimeoutMs } : undefined),
      },
      call,
    )
    return call
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map(({ pool }) => pool.destroy()))
  }

  private poolOf(baseUrl: string): { pool: Pool; prefix: string } {
    const known = this.pools.get(baseUrl)
    if (known) return known
    const url = new URL(baseUrl)
    const pool = new Pool(url.origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: this.options.firstByteTimeoutMs,
      bodyTimeout: this.options.idleTimeoutMs,
      connect: { timeout: this.options.connectTimeoutMs, lookup: guardedLookup(this.options) },
    })
    const entry = { pool: this.guardLiteral(url, pool), prefix: url.pathname.replace(/\/+$/, '') }
    this.pools.set(baseUrl, entry)
    return entry
  }

  /** A literal address is never looked up, so it is checked here. */
  private guardLiteral(url: URL, pool: Pool): Pool {
    const forbidden = findForbiddenLiteral(this.options, url)
    if (forbidden) {
      pool.dispatch = (_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
        handler.onResponseError?.(undefined as never, forbidden)
        return false
      }
    }
    return pool
  }
}

class HttpCall implements UpstreamCall, Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined
  private over = false
  /** What has come in this turn of the event loop. */
  private arrived: Buffer[] | undefined
  private readonly timer: NodeJS.Timeout | undefined

  /** @param timeoutMs up to the first byte after the answer's head, with the time to connect; 0 or undefined: as the pool is set */
  constructor(
    private readonly handler: UpstreamHandler,
    timeoutMs: number | undefined,
  ) {
    if (timeoutMs) this.timer = setTimeout(() => this.giveUp(), timeoutMs)
  }

  abort(): void {
    this.over = true
    clearTimeout(this.timer)
    this.controller?.abort(new Error('The caller left.'))
  }

  pause(): void {
    this.controller?.pause()
  }

  resume(): void {
    this.controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('The caller left.'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (!this.over) this.handler.onHead(status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.arrived) return void this.arrived.push(chunk)
    clearTimeout(this.timer)
    this.arrived = [chunk]
    process.nextTick(tell, this)
  }

  /** What one read of the socket brought is one chunk to all who follow: each costs them a look and three writes. */
  tellArrived(): void {
    const { arrived } = this
    if (!arrived) return
    this.arrived = undefined
    const [first] = arrived
    if (!this.over) this.handler.onData(arrived.length === 1 && first ? first : Buffer.concat(arrived))
  }

  onResponseEnd(): void {
    clearTimeout(this.timer)
    this.tellArrived()
    if (this.over) return
    this.over = true
    this.handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.timer)
    this.tellArrived()
    if (this.over) return
    this.over = true
    this.handler.onError(toFailure(error))
  }

  private giveUp(): void {
    if (this.over) return
    this.abort()
    this.handler.onError(new UpstreamFailure('timeout', 'no answer began in time.'))
  }
}

const tell = (call: HttpCall): void => call.tellArrived()

function toFailure(error: Error): UpstreamFailure {
  const code = String((error as NodeJS.ErrnoException).code)
  switch (code) {
    case forbiddenAddressCode:
      return new UpstreamFailure(
        'forbidden_address',
        'its address is private and is not among those that the operator allows (WEIR_UPSTREAM_ALLOW).',
        { cause: error },
      )
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return new UpstreamFailure('timeout', 'no connection was made in time.', { cause: error })
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new UpstreamFailure('timeout', 'no answer began in time.', { cause: error })
    case 'UND_ERR_BODY_TIMEOUT':
      return new UpstreamFailure('timeout', 'the answer stalled.', { cause: error })
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new UpstreamFailure('unreachable', `it cannot be reached (${code}).`, { cause: error })
    default:
      return new UpstreamFailure('broken', 'the connection broke off.', { cause: error })
  }
}
