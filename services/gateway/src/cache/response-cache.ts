import { counter, gauge } from '@weir/observability'
import type { Keyring } from '@weir/secrets'
import type { KnownWorkspace } from '../snapshot/identity-state.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { CacheWishes } from './cache-control.js'
import { JoinedCalls } from './joined-calls.js'
import { MemoryCache } from './memory-cache.js'
import { type RecordedReply, sealReply, sizeOf, unsealReply } from './recorded-reply.js'
import type { SharedStore } from './shared-store.js'

const lookups = counter('weir_cache_lookups_total', 'Requests that the response cache was asked for.', [
  'result',
])

/** Whether answers are kept, for how long, and whether identical requests wait for each other. */
export interface CacheTerms {
  /** 0: never kept. */
  readonly ttlMs: number
  readonly joinsIdentical: boolean
}

/** The terms of a request: what its deployment says, else what its workspace says. Undefined: none. */
export function cacheTermsOf(
  workspace: Pick<KnownWorkspace, 'cache'> | undefined,
  deployment: Pick<KnownDeployment, 'cache' | 'joinIdentical'> | undefined,
): CacheTerms | undefined {
  const isOn = deployment?.cache?.enabled ?? workspace?.cache.enabled ?? false
  const joinsIdentical = deployment?.joinIdentical ?? false
  if (!isOn && !joinsIdentical) return undefined
  const ttlS = (deployment?.cache?.ttlS || workspace?.cache.ttlS) ?? 0
  return { ttlMs: isOn ? ttlS * 1_000 : 0, joinsIdentical }
}

const placeOf = (key: string): string => `weir:cache:${key}`

/** Answers that may be given again: in this gateway's memory, and where one is configured in a store that all share. */
export class ResponseCache {
  /** Identical requests that are under way. */
  readonly calls = new JoinedCalls()
  private readonly memory: MemoryCache

  constructor(
    maxBytes: number,
    private readonly shared: SharedStore | undefined,
    private readonly keyring: Keyring,
  ) {
    this.memory = new MemoryCache(maxBytes)
  }

  /** Once a process. */
  exportMetrics(): void {
    gauge('weir_cache_bytes', 'Bytes of answers that the response cache has in memory.', [], (self) =>
      self.set(this.memory.bytes),
    )
  }

  /** Longest answer that is kept. */
  get maxReplyBytes(): number {
    return this.memory.maxBytes / 8
  }

  /** The answer that is kept under a key and young enough; at once unless the shared store is asked. */
  find(
    key: string,
    terms: CacheTerms,
    wishes: CacheWishes,
  ): RecordedReply | undefined | Promise<RecordedReply | undefined> {
    if (!wishes.mayRead || terms.ttlMs === 0) return undefined
    const maxAgeMs = Math.min(terms.ttlMs, wishes.maxAgeS * 1_000)
    const kept = youngEnough(this.memory.get(key, Date.now()), maxAgeMs)
    if (kept || !this.shared) {
      lookups.inc({ result: kept ? 'hit' : 'miss' })
      return kept
    }
    return this.findShared(this.shared, key, terms, maxAgeMs)
  }

  /** Keeps an answer. Never fails. */
  keep(key: string, reply: RecordedReply, { ttlMs }: CacheTerms): void {
    if (ttlMs === 0 || sizeOf(reply) > this.maxReplyBytes) return
    this.memory.set(key, reply, reply.recordedAtMs + ttlMs)
    const place = placeOf(key)
    void this.shared?.set(place, sealReply(reply, this.keyring, place), ttlMs)
  }

  private async findShared(
    shared: SharedStore,
    key: string,
    { ttlMs }: CacheTerms,
    maxAgeMs: number,
  ): Promise<RecordedReply | undefined> {
    const place = placeOf(key)
    const reply = youngEnough(this.unseal(await shared.get(place), place), maxAgeMs)
    lookups.inc({ result: reply ? 'hit' : 'miss' })
    if (reply) this.memory.set(key, reply, reply.recordedAtMs + ttlMs)
    return reply
  }

  /** What cannot be read is not there: it was altered, or sealed with keys that this gateway has not. */
  private unseal(bytes: Buffer | undefined, place: string): RecordedReply | undefined {
    try {
      return bytes && unsealReply(bytes, this.keyring, place).reply
    } catch {
      return undefined
    }
  }
}

const youngEnough = (reply: RecordedReply | undefined, maxAgeMs: number): RecordedReply | undefined =>
  reply && Date.now() - reply.recordedAtMs <= maxAgeMs ? reply : undefined
