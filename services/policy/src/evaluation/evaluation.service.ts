import { Injectable } from '@nestjs/common'
import type { policyV1 } from '@weir/contracts'
import { newId } from '@weir/database'
import { AppError } from '@weir/errors'
import { counter } from '@weir/observability'
import { failsOpen, type Policy } from '../policy/policy.entity.js'
import { ServiceLog } from '../service-log.js'
import type { Violation } from '../violation/violation.entity.js'
import { ViolationRecorder } from '../violation/violation-recorder.js'
import { judge, toMessage, type Verdict } from './judgement.js'
import { PolicyBook } from './policy-book.js'
import { type Found, toSets } from './scan.js'
import { ScanPool } from './scan-pool.js'

const evaluations = counter('weir_policy_evaluations_total', 'Contents that were judged, by verdict.', [
  'verdict',
])

const allowed: policyV1.EvaluateResponse = {
  verdict: 'allow',
  policy: '',
  message: '',
  masked: [],
  cleanUnder: '',
}

/** Judges contents against the policies that apply to them. */
@Injectable()
export class EvaluationService {
  constructor(
    private readonly book: PolicyBook,
    private readonly pool: ScanPool,
    private readonly recorder: ViolationRecorder,
    private readonly log: ServiceLog,
  ) {}

  /** @throws AppError service_unavailable while the policies are not known yet */
  async evaluate(request: policyV1.EvaluateRequest): Promise<policyV1.EvaluateResponse> {
    const policies = this.book.covering(request)
    if (!policies) {
      const reason = 'The policies have not been read yet. Try again in a moment.'
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
    }
    const response = policies.length === 0 ? allowed : await this.judge(policies, request)
    evaluations.inc({ verdict: response.verdict })
    return response
  }

  private async judge(
    policies: Policy[],
    request: policyV1.EvaluateRequest,
  ): Promise<policyV1.EvaluateResponse> {
    let found: Found[][]
    try {
      const sets = toSets(policies.flatMap(({ plan }) => plan.detectors))
      found = await this.pool.scan(request.organization, sets, request.texts)
    } catch (error) {
      this.log.logger.error(
        { err: error, request_id: request.requestId },
        'A content could not be judged; each policy says what becomes of it.',
      )
      return unjudged(policies)
    }
    const { verdict, decisive, masked, verdicts } = judge(policies, request.texts, found)
    if (verdicts.length === 0) return { ...allowed, cleanUnder: namesOf(policies) }
    await this.recorder.record(verdicts.map((each) => toViolation(each, request)))
    return {
      verdict,
      policy: decisive?.policy.name ?? '',
      message: decisive && verdict === 'block' ? toMessage(decisive) : '',
      masked,
      cleanUnder: '',
    }
  }
}

const namesOf = (policies: readonly Policy[]): string =>
  policies.map(({ id, version }) => `${id}/${version}`).join(' ')

/** What becomes of a content that nobody could look at. */
function unjudged(policies: readonly Policy[]): policyV1.EvaluateResponse {
  const closed = policies.find((policy) => !failsOpen(policy))
  return closed ? { ...allowed, verdict: 'unavailable', policy: closed.name } : allowed
}

function toViolation(
  { policy, detectors, count, findings }: Verdict,
  request: policyV1.EvaluateRequest,
): Violation {
  const { id, organization, name, version, mode, action, risk } = policy
  const { direction, requestId, workspace, workload, team, virtualKey } = request
  const { model, provider, deployment, repository } = request
  return {
    ...{ id: newId('vio'), organization, policy: id, policyName: name, policyVersion: version },
    ...{ mode, action, risk, direction, requestId, workspace, workload, team, virtualKey },
    ...{ model, provider, deployment, repository, detectors, findings },
    ...{ findingCount: count, foundAt: new Date() },
    ...{ review: null, reviewNote: null, reviewedBy: null, reviewedAt: null },
  }
}
