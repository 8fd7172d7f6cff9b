import { Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { asService } from '@weir/audit'
import { violationFound } from '@weir/contracts'
import { GroupCommit, Outbox } from '@weir/database'
import { counter } from '@weir/observability'
import { randomUUID } from 'node:crypto'
import { DataSource } from 'typeorm'
import { ServiceLog } from '../service-log.js'
import { Violation } from './violation.entity.js'

const found = counter('weir_policy_violations_total', 'Contents that violate a policy.', ['mode', 'action'])
const lost = counter('weir_policy_violations_unrecorded_total', 'Violations that could not be recorded.')

/** A verdict waits for its record, but not for a database that is away. */
const patienceMs = 500
const retryMs = 1_000

/** About 2 kB each. */
const maxUnrecorded = 10_000

/**
 * Puts violations on record, with their events, in one transaction; those that come together share it. While
 * the database is away they wait in memory, and go on record when it is back.
 */
@Injectable()
export class ViolationRecorder implements OnApplicationShutdown {
  private readonly commits: GroupCommit<Violation>
  private readonly unrecorded = new Set<Promise<void>>()
  private closed = false

  constructor(
    dataSource: DataSource,
    outbox: Outbox,
    private readonly log: ServiceLog,
  ) {
    this.commits = new GroupCommit({
      commit: (violations) =>
        asService('record-violations', async () => {
          await dataSource.transaction(async (manager) => {
            await manager.insert(Violation, violations)
            const messages = violations.map((violation) =>
              violationFound.encode(toEvent(violation), 'policy'),
            )
            await Outbox.add(manager, violationFound.topic, messages)
          })
          outbox.notify()
        }),
      sizeOf: () => 1,
      maxSize: 500,
      spacingMs: 5,
    })
  }

  /** Resolves when they are on record, or when that takes too long to wait for. */
  async record(violations: readonly Violation[]): Promise<void> {
    for (const { mode, action } of violations) found.inc({ mode, action })
    await Promise.race([
      Promise.all(violations.map((violation) => this.add(violation))),
      new Promise((resolve) => setTimeout(resolve, patienceMs).unref()),
    ])
  }

  async onApplicationShutdown(): Promise<void> {
    this.closed = true
    await Promise.all(this.unrecorded)
  }

  private add(violation: Violation): Promise<void> {
    if (this.unrecorded.size >= maxUnrecorded) {
      lost.inc()
      return Promise.resolve()
    }
    const recorded = this.tryUntilDone(violation).finally(() => this.unrecorded.delete(recorded))
    this.unrecorded.add(recorded)
    return recorded
  }

  private async tryUntilDone(violation: Violation): Promise<void> {
    for (;;) {
      try {
        return await this.commits.add(violation)
      } catch (error) {
        const { id } = violation
        if (this.closed) {
          lost.inc()
          return this.log.logger.error({ err: error, violation: id }, 'A violation could not be recorded.')
        }
        this.log.logger.warn(
          { err: error, violation: id },
          'A violation could not be recorded; trying again.',
        )
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }
}

function toEvent(violation: Violation): Parameters<typeof violationFound.encode>[0] {
  const { id, foundAt, detectors } = violation
  const { organization, policy, policyName, policyVersion, mode, action, risk, direction } = violation
  const { requestId, workspace, workload, team, virtualKey, model, provider } = violation
  const { deployment, repository, findingCount } = violation
  return {
    ...{ organization, policy, policyName, policyVersion, mode, action, risk, direction },
    ...{ requestId, workspace, workload, team, virtualKey, model, provider },
    ...{ deployment, repository, findingCount },
    ...{ eventId: randomUUID(), occurredAt: foundAt.toISOString(), violation: id },
    detectors: detectors.join(','),
  }
}
