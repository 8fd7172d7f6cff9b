import { type SourceNetworks, toSourceNetworks } from '@weir/rights'
import type { IncomingMessage } from 'node:http'

/** Tells where a request comes from. */
export class SourceAddresses {
  private readonly proxies: SourceNetworks | undefined

  /** From WEIR_TRUSTED_PROXIES. Throws for what is not a network. */
  constructor(trustedProxies: readonly string[]) {
    this.proxies = trustedProxies.length > 0 ? toSourceNetworks(trustedProxies) : undefined
  }

  /**
   * The socket's address; behind a trusted proxy, the last hop of `x-forwarded-for`, which is the one that
   * the proxy has seen itself: the ones before it are what the caller says. Empty when it cannot be told.
   */
  of(request: IncomingMessage): string {
    const peer = request.socket.remoteAddress ?? ''
    if (!this.proxies?.includes(peer)) return peer
    const forwarded = request.headers['x-forwarded-for']
    if (forwarded === undefined) return peer
    return (typeof forwarded === 'string' ? forwarded : forwarded.join(',')).split(',').at(-1)?.trim() ?? ''
  }
}
