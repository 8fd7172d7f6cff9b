import type { Attempt } from '@weir/audit'
import { actionRecorded } from '@weir/contracts'
import { counter } from '@weir/observability'
import { randomUUID } from 'node:crypto'
import type { DataSource } from 'typeorm'
import { Outbox } from './outbox.js'

/** How many attempts go on record: so many at once, then one in so many seconds. */
interface Allowance {
  burst: number
  everyMs: number
}

/**
 * Whoever has no credential can try without end: what that leaves behind is some megabytes a day. It
 * has an allowance of its own, so that it does not hide what those do who have one.
 */
const defaultAllowances: Record<'anonymous' | 'known', Allowance> = {
  anonymous: { burst: 100, everyMs: 10_000 },
  known: { burst: 1_000, everyMs: 1_000 },
}

const gatherMs = 50
const retryMs = 1_000
const maxWaiting = 2_000

const unrecorded = counter('weir_unrecorded_attempts_total', 'Refused attempts left off the audit trail.', [
  'actor',
])

/**
 * Puts refused and failed changes on record, at a bounded rate: through the outbox, as changes go.
 * There is no change that an attempt could be committed with, so a crash may lose the last ones.
 */
export class AttemptRecord {
  private readonly allowances: Record<'anonymous' | 'known', Bucket>
  private waiting: { attempt: Attempt; occurredAt: string; unrecorded: number }[] = []
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private closed = false

  constructor(
    private readonly service: string,
    private readonly dataSource: DataSource,
    allowances = defaultAllowances,
  ) {
    const { anonymous, known } = allowances
    this.allowances = { anonymous: new Bucket(anonymous), known: new Bucket(known) }
  }

  add(attempt: Attempt): void {
    const who = attempt.actor.kind === 'anonymous' ? 'anonymous' : 'known'
    const bucket = this.allowances[who]
    if (this.closed || this.waiting.length >= maxWaiting || !bucket.take()) {
      bucket.unrecorded++
      unrecorded.inc({ actor: who })
      return
    }
    const occurredAt = new Date().toISOString()
    this.waiting.push({ attempt, occurredAt, unrecorded: bucket.unrecorded })
    bucket.unrecorded = 0
    this.timer ??= setTimeout(() => void this.flush(), gatherMs)
  }

  /** Writes what waits; gives up when the database is away. */
  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    await this.flush()
    clearTimeout(this.timer)
  }

  private flush(): Promise<void> {
    this.timer = undefined
    this.writing = this.writing.then(() => this.write())
    return this.writing
  }

  private async write(): Promise<void> {
    const batch = this.waiting
    if (batch.length === 0) return
    this.waiting = []
    try {
      const messages = batch.map((entry) => this.toMessage(entry))
      await Outbox.add(this.dataSource.manager, actionRecorded.topic, messages)
    } catch {
      // The failure of the database is told by everything else that needs it.
      this.waiting = [...batch, ...this.waiting]
      if (!this.closed) this.timer ??= setTimeout(() => void this.flush(), retryMs)
    }
  }

  private toMessage({ attempt, occurredAt, unrecorded }: (typeof this.waiting)[number]) {
    const { actor, status, ...rest } = attempt
    const { kind, id, name, credential, address, requestId } = actor
    const event = {
      ...{
        ...rest,
        occurredAt,
        status,
        unrecorded,
        eventId: randomUUID(),
        workspace: '',
        service: this.service,
      },
      ...{ actorKind: kind, actorId: id, actorName: name, credential, address, requestId },
      ...{ outcome: isRefusal(status) ? 'refused' : 'failed', before: '', after: '' },
    }
    return actionRecorded.encode(event, `weir/${this.service}`)
  }
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 404
}

class Bucket {
  unrecorded = 0
  private left: number
  private filledAt = performance.now()

  constructor(private readonly allowance: Allowance) {
    this.left = allowance.burst
  }

  take(): boolean {
    const { burst, everyMs } = this.allowance
    const now = performance.now()
    this.left = Math.min(burst, this.left + (now - this.filledAt) / everyMs)
    this.filledAt = now
    if (this.left < 1) return false
    this.left--
    return true
  }
}
