import { createClient, RESP_TYPES } from '@redis/client'
import { counter, type Logger } from '@weir/observability'

const failures = counter(
  'weir_cache_store_failures_total',
  'Times that the store which gateways share could not be asked, or not in time.',
)

/** A request waits no longer for what another gateway may know. */
const timeoutMs = 100

/** A store in Valkey or Redis that several gateways share. Whatever fails in it reads as "nothing there". */
export class SharedStore {
  private readonly client
  private lastWarningMs = 0
  private closed = false

  /** @param url redis://, rediss://, valkey:// or valkeys:// */
  constructor(
    url: string,
    private readonly logger: Logger,
  ) {
    this.client = createClient({
      url: url.replace(/^valkey/, 'redis'),
      // What cannot be asked now is not asked later: the answer would be of no use any more.
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: {
        connectTimeout: 2_000,
        reconnectStrategy: (tries: number) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)),
      },
    }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    this.client.on('error', (error: unknown) => this.warn(error))
    this.client.connect().catch((error: unknown) => this.warn(error))
  }

  /** Undefined: it is not there, or cannot be asked. */
  async get(key: string): Promise<Buffer | undefined> {
    const value = await this.within(() => this.client.get(key))
    return Buffer.isBuffer(value) ? value : undefined
  }

  async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    await this.within(() => this.client.set(key, value, { expiration: { type: 'PX', value: ttlMs } }))
  }

  /** Whether the key was free and is now this owner's; undefined: the store cannot be asked. */
  async claim(key: string, owner: string, ttlMs: number): Promise<boolean | undefined> {
    const done = await this.within(async () => {
      const set = await this.client.set(key, owner, {
        condition: 'NX',
        expiration: { type: 'PX', value: ttlMs },
      })
      return { isOurs: set !== null }
    })
    return done?.isOurs
  }

  /** Keeps a claim for longer, while it is this owner's. */
  async renew(key: string, owner: string, ttlMs: number): Promise<void> {
    const script = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end`
    await this.within(() => this.client.eval(script, { keys: [key], arguments: [owner, String(ttlMs)] }))
  }

  /** Gives a claim up, while it is this owner's. */
  async release(key: string, owner: string): Promise<void> {
    const script = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`
    await this.within(() => this.client.eval(script, { keys: [key], arguments: [owner] }))
  }

  close(): void {
    this.closed = true
    if (this.client.isOpen) this.client.destroy()
  }

  private async within<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
    if (this.closed) return undefined
    if (!this.client.isReady) {
      failures.inc()
      return undefined
    }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        failures.inc()
        resolve(undefined)
      }, timeoutMs)
    })
    try {
      return await Promise.race([ask(), late])
    } catch (error) {
      failures.inc()
      this.warn(error)
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  private warn(error: unknown): void {
    if (this.closed || Date.now() - this.lastWarningMs < 10_000) return
    this.lastWarningMs = Date.now()
    this.logger.warn(
      { err: error },
      'The store of WEIR_CACHE_URL cannot be asked; this gateway goes on with what it has itself.',
    )
  }
}
