import type { IdempotentRequests } from '../idempotency/idempotent-requests.js'
import { toIdempotencyKey } from '../idempotency/idempotent-requests.js'
import type { Caller } from '../inference/caller.js'
import type { EndpointName, InferenceCall } from '../inference/endpoint.js'
import type { Usage } from '../inference/usage.js'
import type { AttemptEnd } from '../journal/attempt.js'
import type { Plan } from '../routing/plan.js'
import type { IdentityState } from '../snapshot/identity-state.js'
import type { KnownKey } from '../snapshot/known-keys.js'
import { toCacheWishes } from './cache-control.js'
import { cacheKeyOf, isCacheable, targetIdentity } from './cache-key.js'
import type { Lead } from './joined-calls.js'
import type { RecordedReply } from './recorded-reply.js'
import { ReplyRecorder } from './reply-recorder.js'
import { type CacheTerms, cacheTermsOf, type ResponseCache } from './response-cache.js'

/** Endpoints whose answers are kept: text and numbers, no media. */
const cachedEndpoints: ReadonlySet<EndpointName> = new Set([
  ...(['chat', 'completions', 'responses', 'messages', 'embeddings', 'moderations', 'rerank'] as const),
])

const missed = { 'x-weir-cache': 'miss' }

/** A request on its way, as far as it is known before its first attempt. */
export interface CachedRequest {
  readonly key: KnownKey
  readonly plan: Pick<Plan, 'deployment' | 'targets' | 'tiers'>
  /** As it came. */
  readonly asked: InferenceCall
  /** As plugins have left it. */
  readonly call: InferenceCall
  readonly caller: Caller
}

/** What decides whether answers are kept, and for whom. */
interface KnownTerms {
  readonly identity: { readonly state: Pick<IdentityState, 'findWorkspace'> }
  readonly policy: { readonly state: { revisionOf(organization: string): string } }
}

/** The steps of the pipeline that give an answer again instead of asking for one. */
export class KeptAnswers {
  constructor(
    private readonly cache: ResponseCache,
    private readonly idempotent: IdempotentRequests,
    private readonly snapshots: KnownTerms,
  ) {}

  /**
   * Answers a request whose Idempotency-Key was answered before; else its answer will be noted for
   * those that come after it. Waits for an equal one that is under way.
   * @param place what was called: keys are told apart by it
   * @throws AppError idempotency_conflict, invalid_request
   */
  async repeat(key: KnownKey, place: string, call: InferenceCall, caller: Caller): Promise<boolean> {
    const idempotencyKey = toIdempotencyKey(call.headers['idempotency-key'])
    if (idempotencyKey === undefined) return false
    const begun = await this.idempotent.begin({
      ...{
        asker: [key.organization, key.workspace, key.id],
        endpoint: place,
        idempotencyKey,
        body: call.body,
      },
      isGone: () => caller.isGone,
    })
    if (begun.kind === 'repeated') {
      giveAgain(begun.reply, caller, 'repeated')
      return true
    }
    caller.record(new ReplyRecorder(this.idempotent.maxReplyBytes, (reply) => begun.done(reply)))
    return false
  }

  /** Whether a request's answer may be kept, and for how long; undefined: not at all. */
  termsOf(
    key: KnownKey,
    { deployment }: Pick<Plan, 'deployment'>,
    call: InferenceCall,
  ): CacheTerms | undefined {
    const terms = cacheTermsOf(this.snapshots.identity.state.findWorkspace(key.workspace), deployment)
    return terms && cachedEndpoints.has(call.endpoint.name) && isCacheable(call.document) ? terms : undefined
  }

  /** The answer that is kept for a request; undefined: there is none, and the one that comes is noted. */
  async find(terms: CacheTerms, request: CachedRequest): Promise<RecordedReply | undefined> {
    const { asked, caller } = request
    const wishes = toCacheWishes(asked.headers['cache-control'])
    if (!wishes.mayRead && !wishes.mayStore) return undefined
    const cacheKey = this.keyOf(request)
    const found = this.cache.find(cacheKey, terms, wishes)
    const kept = found instanceof Promise ? await found : found
    if (kept) return kept
    let lead: Lead | undefined
    if (terms.joinsIdentical && wishes.mayRead) {
      const joined = this.cache.calls.join(cacheKey)
      if (joined.kind === 'lead') lead = joined
      else {
        const reply = await joined.reply
        // Whoever waited in vain does not wait again.
        if (reply) return reply
      }
    }
    caller.cacheHeaders = missed
    caller.record(
      new ReplyRecorder(this.cache.maxReplyBytes, (reply) => {
        if (reply && wishes.mayStore) this.cache.keep(cacheKey, reply, terms)
        lead?.done(reply)
      }),
    )
    return undefined
  }

  private keyOf({ key, plan, asked, call }: CachedRequest): string {
    const policyVersion = this.snapshots.policy.state.revisionOf(key.organization)
    const scope = {
      ...{ organization: key.organization, workspace: key.workspace, policyVersion },
      endpoint: asked.endpoint.name,
      target: targetIdentity(plan.deployment, plan.targets, plan.tiers),
      betas: String(asked.headers['anthropic-beta'] ?? ''),
    }
    return call === asked
      ? cacheKeyOf(scope, asked.document)
      : cacheKeyOf(scope, asked.document, call.document)
  }
}

/** What the caller gets is what was noted, whole or as a stream. */
export function giveAgain(reply: RecordedReply, caller: Caller, why: 'hit' | 'repeated'): void {
  const { contentType, isStream, body, recordedAtMs, origin } = reply
  const ageS = Math.max(0, Math.floor((Date.now() - recordedAtMs) / 1_000))
  const name = why === 'hit' ? 'x-weir-cache' : 'x-weir-idempotent-replay'
  caller.cacheHeaders = { [name]: why === 'hit' ? 'hit' : 'true', age: String(ageS) }
  // Others may be given it too: it may be noted under an Idempotency-Key.
  caller.noteSuccess(() => origin)
  if (!isStream) return caller.sendAnswer(contentType, body)
  caller.startStream(contentType)
  caller.write(body)
  caller.endStream('')
}

/** How a kept answer is accounted for: all that was sent is read from a cache, and nothing of it costs. */
export function cachedEnd({ source, ...counts }: Usage): AttemptEnd {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, cacheWrite1hTokens = 0, ...others } = counts
  return {
    ...others,
    ...{ endedAt: new Date().toISOString(), outcome: 'cached', upstreamStatus: 0, errorCode: '' },
    ...{ usageSource: source, firstByteMs: 0, durationMs: 0, inputTokens: 0, cacheWriteTokens: 0 },
    cachedInputTokens: inputTokens + cachedInputTokens + cacheWriteTokens + cacheWrite1hTokens,
  }
}
