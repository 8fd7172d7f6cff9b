import { status as GrpcStatus } from '@grpc/grpc-js'
import type { identityV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { counter } from '@weir/observability'
import type { IdentityState } from './identity-state.js'
import { hashKey, type KnownKey } from './known-keys.js'
import type { Watcher } from './watcher.js'

const maxMisses = 10_000
const missLifetimeMs = 60_000

const lookups = counter('weir_key_lookups_total', 'Virtual keys that identity was asked for.', ['result'])

const unavailable = (reason: string) => AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })

type IdentityWatcher = Watcher<identityV1.IdentityResource, IdentityState>

/**
 * Asks identity for a virtual key that the snapshot lacks: one that was made a moment ago. The rate
 * is bounded and misses are remembered, so that guessing costs the database nothing.
 */
export class KeyResolver {
  private readonly misses = new Map<string, number>()
  private readonly underway = new Map<string, Promise<KnownKey | undefined>>()
  private tokens: number
  private refilledAtMs = Date.now()

  constructor(
    private readonly watcher: IdentityWatcher,
    private readonly resolve: (hash: Buffer) => Promise<identityV1.ResolveVirtualKeyResponse>,
    private readonly lookupsPerSecond: number,
  ) {
    this.tokens = lookupsPerSecond
  }

  /** The key, or undefined when there is none. Rejects with service_unavailable when nobody can tell. */
  async find(hash: Buffer): Promise<KnownKey | undefined> {
    const key = hashKey(hash)
    const missedAtMs = this.misses.get(key)
    if (missedAtMs !== undefined && Date.now() - missedAtMs < missLifetimeMs) return undefined
    const underway = this.underway.get(key)
    if (underway) return underway
    if (!this.takeToken()) {
      lookups.inc({ result: 'rate_limited' })
      throw unavailable(
        'This key is not known to the gateway yet, and too many unknown keys are being tried. Try again in a second.',
      )
    }
    const lookup = this.lookUp(hash, key).finally(() => this.underway.delete(key))
    this.underway.set(key, lookup)
    return lookup
  }

  private async lookUp(hash: Buffer, key: string): Promise<KnownKey | undefined> {
    let response: identityV1.ResolveVirtualKeyResponse
    try {
      response = await this.resolve(hash)
    } catch (error) {
      if ((error as { code?: number }).code === GrpcStatus.NOT_FOUND) {
        lookups.inc({ result: 'missing' })
        this.rememberMiss(key)
        return this.watcher.state.findKey(hash)
      }
      lookups.inc({ result: 'failed' })
      throw unavailable(
        'This key is not known to the gateway, and the identity service, which could tell, cannot be reached now. Keys that were used before go on working; try again in a few seconds.',
      )
    }
    lookups.inc({ result: 'found' })
    this.apply(response)
    return this.watcher.state.findKey(hash)
  }

  /**
   * An answer that is older than the stream is dropped: what it says may have been revoked since,
   * and the stream has already said so.
   */
  private apply(response: identityV1.ResolveVirtualKeyResponse): void {
    const { watcher } = this
    const version = BigInt(response.version)
    if (response.epoch !== watcher.epoch || version < watcher.version) return
    for (const resource of response.resources) {
      watcher.state.upsert(resource, version)
      watcher.state.markReadAt(resource, version)
    }
  }

  private rememberMiss(key: string): void {
    if (this.misses.size >= maxMisses) {
      const [oldest] = this.misses.keys()
      if (oldest !== undefined) this.misses.delete(oldest)
    }
    this.misses.set(key, Date.now())
  }

  private takeToken(): boolean {
    const now = Date.now()
    this.tokens = Math.min(
      this.lookupsPerSecond,
      this.tokens + ((now - this.refilledAtMs) / 1000) * this.lookupsPerSecond,
    )
    this.refilledAtMs = now
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}
