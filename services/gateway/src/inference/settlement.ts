import { counter } from '@weir/observability'
import type { ErrorCode } from '@weir/errors'
import type { Admission } from '../admission/admission.js'
import type { StreamTap } from '../conversation/dialect.js'
import type { Hold } from '../admission/money.js'
import type { AttemptStart } from '../journal/attempt.js'
import type { Journal, JournalEntry } from '../journal/journal.js'
import { noUsage, tokensOf, type Usage } from './usage.js'

/**
 * How an attempt ended; see RequestSettled in proto/weir/usage/v1/usage_events.proto, which has `cached`
 * beside these: no attempt was made.
 */
export type Outcome = 'succeeded' | 'failed' | 'timed_out' | 'cut' | 'client_closed' | 'interrupted'

/** What a provider's attempts came to. Added up here: finding a counter by its labels costs more than counting. */
interface ProviderTotals {
  attempts: Map<Outcome, number>
  inputTokens: number
  cachedInputTokens: number
  outputTokens: number
}

const totals = new Map<string, ProviderTotals>()

function totalsOf(provider: string): ProviderTotals {
  let found = totals.get(provider)
  if (!found) {
    found = { attempts: new Map(), inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }
    totals.set(provider, found)
  }
  return found
}

counter('weir_attempts_total', 'Attempts that ended, by outcome.', ['outcome', 'provider'], (self) => {
  for (const [provider, { attempts }] of totals)
    for (const [outcome, count] of attempts) self.inc({ outcome, provider }, count)
})
counter('weir_tokens_total', 'Tokens used.', ['kind', 'provider'], (self) => {
  for (const [provider, { inputTokens, cachedInputTokens, outputTokens }] of totals) {
    self.inc({ kind: 'input', provider }, inputTokens)
    self.inc({ kind: 'cached_input', provider }, cachedInputTokens)
    self.inc({ kind: 'output', provider }, outputTokens)
  }
})

const progressEveryMs = 1_000

/** One attempt's way through the journal, from the call to its settlement; settles once, whatever happens. */
export class Settlement {
  /** performance.now() of the upstream call. */
  private readonly calledAt = performance.now()
  private firstByteAt = 0
  private notedAt = this.calledAt
  private upstreamStatus = 0
  private settled = false

  constructor(
    private readonly journal: Journal,
    private readonly entry: JournalEntry,
    private readonly admission: Admission,
    private readonly hold: Hold,
  ) {}

  /** What is known of the attempt since before its call. */
  get start(): AttemptStart {
    return this.entry.start
  }

  /** Milliseconds since the upstream call. */
  get elapsedMs(): number {
    return performance.now() - this.calledAt
  }

  /** The upstream's status has come. */
  noteHead(status: number): void {
    this.upstreamStatus = status
  }

  /** The first byte of the answer itself has come: many send the head before they have begun to work. */
  noteFirstByte(): void {
    this.firstByteAt = performance.now()
  }

  /** Notes now and then how far a stream has come. */
  noteProgress(stream: Pick<StreamTap, 'estimateOutputTokens'>): void {
    const now = performance.now()
    if (now - this.notedAt < progressEveryMs) return
    this.notedAt = now
    this.journal.progress(this.entry, {
      upstreamStatus: this.upstreamStatus,
      firstByteMs: this.firstByteMs,
      durationMs: Math.round(this.elapsedMs),
      outputTokens: stream.estimateOutputTokens(),
    })
  }

  /** `written` is called once the journal has it: from then on the usage cannot be lost. */
  settle(end: { outcome: Outcome; usage?: Usage; errorCode?: ErrorCode }, written?: () => void): void {
    if (this.settled) return
    this.settled = true
    const { provider } = this.start
    const usage = end.usage ?? noUsage
    const { source, ...counts } = usage
    // From here on this gateway knows what became of the hold; before, only the journal would tell.
    this.entry.start.openHoldNanoUsd = '0'
    this.journal.settle(
      this.entry,
      {
        endedAt: new Date().toISOString(),
        outcome: end.outcome,
        upstreamStatus: this.upstreamStatus,
        errorCode: end.errorCode ?? '',
        usageSource: source,
        ...counts,
        firstByteMs: this.firstByteMs,
        durationMs: Math.round(this.elapsedMs),
      },
      // Even a settlement that the disk refused must not keep the caller waiting for its reply.
      () => {
        this.admission.settle(this.hold, usage)
        written?.()
      },
    )
    const total = totalsOf(provider)
    total.attempts.set(end.outcome, (total.attempts.get(end.outcome) ?? 0) + 1)
    total.inputTokens += tokensOf(usage, 'input') - counts.cachedInputTokens
    total.cachedInputTokens += counts.cachedInputTokens
    total.outputTokens += tokensOf(usage, 'output')
  }

  /** Milliseconds from the upstream call to its first byte; 0: none came. */
  get firstByteMs(): number {
    return this.firstByteAt === 0 ? 0 : Math.round(this.firstByteAt - this.calledAt)
  }
}
