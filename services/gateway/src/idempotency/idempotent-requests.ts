import { AppError } from '@weir/errors'
import { counter, type Logger } from '@weir/observability'
import type { Keyring } from '@weir/secrets'
import { createHash, randomUUID } from 'node:crypto'
import { digestOf } from '../cache/canonical.js'
import { type RecordedReply, sealReply, unsealReply } from '../cache/recorded-reply.js'
import type { SharedStore } from '../cache/shared-store.js'
import { AnswerFiles } from './answer-files.js'

const requests = counter(
  'weir_idempotent_requests_total',
  'Requests with an Idempotency-Key, by what became of them.',
  ['result'],
)

const dayMs = 24 * 60 * 60 * 1_000

/** A claim in the shared store is given up so long after its gateway has died. */
const claimMs = 30_000
const renewEveryMs = 10_000
const askAgainMs = 100

/** A request that carries an Idempotency-Key. */
export interface IdempotentRequest {
  /** Organization, workspace and virtual key: a JWT's subject may be in several. */
  readonly asker: readonly string[]
  readonly endpoint: string
  readonly idempotencyKey: string
  readonly body: Buffer
  /** Its caller is gone: nobody waits any more. */
  isGone(): boolean
}

/** The request is the first of its key: whoever carries it says once what came of it. */
export interface FirstRequest {
  readonly kind: 'first'
  done(reply: RecordedReply | undefined): void
}

/** The request was answered before. */
export interface RepeatedRequest {
  readonly kind: 'repeated'
  readonly reply: RecordedReply
}

interface Underway {
  print: string
  reply: Promise<RecordedReply | undefined>
}

/** The key of a request's header; undefined: it has none. Throws invalid_request. */
export function toIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header
  const reason = 'Idempotency-Key: must be 1 to 255 visible ASCII characters, such as a UUID'
  throw AppError.of('invalid_request', { reason })
}

/**
 * Requests that may be sent again: for a day, one virtual key's requests to one endpoint with one
 * Idempotency-Key and one body have one answer and cost one call.
 */
export class IdempotentRequests {
  private readonly underway = new Map<string, Underway>()
  private readonly files: AnswerFiles
  private readonly writing = new Set<Promise<void>>()

  constructor(
    config: { dataDir: string; idempotencyBytes: number },
    private readonly shared: SharedStore | undefined,
    private readonly keyring: Keyring,
    logger: Logger,
  ) {
    this.maxReplyBytes = Math.floor(config.idempotencyBytes / 8)
    this.files = new AnswerFiles(config.dataDir, { maxBytes: config.idempotencyBytes, ttlMs: dayMs }, logger)
  }

  /** Longest answer that is kept. */
  readonly maxReplyBytes: number

  /**
   * Whether a request is the first of its key; waits for the end of an equal one that is under way.
   * @throws AppError idempotency_conflict
   */
  async begin(request: IdempotentRequest): Promise<FirstRequest | RepeatedRequest> {
    const { asker, endpoint, idempotencyKey } = request
    const name = digestOf(...asker, endpoint, idempotencyKey)
    const print = createHash('sha256').update(request.body).digest('hex')
    for (;;) {
      const other = this.underway.get(name)
      if (!other) return this.claim(name, print, request)
      if (other.print !== print) throw conflict(idempotencyKey)
      const reply = await other.reply
      if (reply) return repeated(reply)
    }
  }

  /** Resolves when every answer is on disk. */
  async close(): Promise<void> {
    await Promise.all(this.writing)
  }

  /** Begins in this process first, so that no other request of the key can come in between. */
  private async claim(
    name: string,
    print: string,
    request: IdempotentRequest,
  ): Promise<FirstRequest | RepeatedRequest> {
    const { promise, resolve } = Promise.withResolvers<RecordedReply | undefined>()
    const own: Underway = { print, reply: promise }
    this.underway.set(name, own)
    const finish = (reply: RecordedReply | undefined) => {
      resolve(reply)
      if (this.underway.get(name) === own) this.underway.delete(name)
    }
    try {
      const kept = await this.find(name, print, request.idempotencyKey)
      const found = kept ?? (this.shared && (await this.claimShared(this.shared, name, print, request)))
      if (found && 'body' in found) {
        finish(found)
        return repeated(found)
      }
      requests.inc({ result: 'first' })
      return {
        kind: 'first',
        done: (reply) => {
          if (!reply) {
            found?.release()
            return finish(undefined)
          }
          // Whoever comes before the file is there gets the answer from here.
          resolve(reply)
          this.track(
            this.keep(name, print, reply)
              .then(() => found?.release())
              .finally(() => finish(reply)),
          )
        },
      }
    } catch (error) {
      finish(undefined)
      throw error
    }
  }

  private async find(
    name: string,
    print: string,
    idempotencyKey: string,
  ): Promise<RecordedReply | undefined> {
    return (
      this.open(await this.files.read(name), name, print, idempotencyKey) ??
      (this.shared && this.open(await this.shared.get(placeOf(name)), name, print, idempotencyKey))
    )
  }

  /**
   * Has this gateway make the call, or waits for the one that does. While the store cannot be asked
   * each gateway goes by what it knows itself.
   */
  private async claimShared(
    shared: SharedStore,
    name: string,
    print: string,
    request: IdempotentRequest,
  ): Promise<RecordedReply | { release(): void } | undefined> {
    const place = placeOf(name)
    const claim = `weir:idempotency-claim:${name}`
    const owner = randomUUID()
    while (!request.isGone()) {
      const isOurs = await shared.claim(claim, owner, claimMs)
      if (isOurs === undefined) return undefined
      // Its owner may have been done between our look and our claim.
      const reply = this.open(await shared.get(place), name, print, request.idempotencyKey)
      if (isOurs) {
        if (!reply) return holdClaim(shared, claim, owner)
        await shared.release(claim, owner)
      }
      if (reply) return reply
      await new Promise((resolve) => setTimeout(resolve, askAgainMs))
    }
    return undefined
  }

  private async keep(name: string, print: string, reply: RecordedReply): Promise<void> {
    const sealed = sealReply(reply, this.keyring, placeOf(name), print)
    await Promise.all([this.files.write(name, sealed), this.shared?.set(placeOf(name), sealed, dayMs)])
  }

  private open(
    bytes: Buffer | undefined,
    name: string,
    print: string,
    idempotencyKey: string,
  ): RecordedReply | undefined {
    if (!bytes) return undefined
    let kept: ReturnType<typeof unsealReply>
    try {
      kept = unsealReply(bytes, this.keyring, placeOf(name))
    } catch {
      // Altered, or sealed with keys that are not here any more: as if it were not there.
      return undefined
    }
    if (kept.reply.recordedAtMs + dayMs <= Date.now()) return undefined
    if (kept.extra !== print) throw conflict(idempotencyKey)
    return kept.reply
  }

  private track(work: Promise<void>): void {
    this.writing.add(work)
    void work.finally(() => this.writing.delete(work))
  }
}

const placeOf = (name: string): string => `weir:idempotency:${name}`

function repeated(reply: RecordedReply): RepeatedRequest {
  requests.inc({ result: 'repeated' })
  return { kind: 'repeated', reply }
}

function conflict(idempotencyKey: string): AppError {
  requests.inc({ result: 'conflict' })
  return AppError.of('idempotency_conflict', { key: idempotencyKey })
}

function holdClaim(shared: SharedStore, claim: string, owner: string): { release(): void } {
  const timer = setInterval(() => void shared.renew(claim, owner, claimMs), renewEveryMs)
  timer.unref()
  return {
    release() {
      clearInterval(timer)
      void shared.release(claim, owner)
    },
  }
}
