import type { InternalTrust, policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { counter, type Logger } from '@weir/observability'
import type { JudgedRequest } from '@weir/rights'
import type { GatewayConfig } from '../config.js'
import type { InferenceCall } from '../inference/endpoint.js'
import { copyOf } from '../plugins/texts.js'
import type { Deployments } from '../routing/deployments.js'
import type { Plan } from '../routing/plan.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import { type DocumentText, textsOf } from './document-texts.js'
import { Evaluations } from './evaluations.js'
import { KnownClean, type Message } from './known-clean.js'

const unjudged = counter(
  'weir_policy_unjudged_total',
  'Requests that policies could not judge, by what became of them: passed or refused.',
  ['outcome'],
)

/** Below what the policy service takes in one message, places and names included. */
const maxTextBytes = 3 * 1024 * 1024

/** Requests whose verdict nobody waits for; beyond that they wait, so that none is forgotten. */
const maxUnawaited = 200

/** The step "input policies": what is sent to a model is judged before anybody sees it. */
export class InputPolicies {
  private readonly unawaited = new Set<Promise<unknown>>()
  private readonly clean = new KnownClean()

  constructor(
    config: Pick<GatewayConfig, 'policyGrpc'> & InternalTrust,
    private readonly snapshots: Pick<Snapshots, 'catalog' | 'policy'>,
    private readonly deployments: Pick<Deployments, 'modelsOf'>,
    private readonly logger: Logger,
    private readonly evaluations: Pick<Evaluations, 'evaluate' | 'close'> = Evaluations.connect(
      config.policyGrpc,
      config,
    ),
  ) {}

  /**
   * A call as the policies leave it. What no policy could change or refuse is judged on the side.
   * @throws AppError policy_violation, service_unavailable
   */
  async judge(plan: Plan, call: InferenceCall, requestId: string): Promise<InferenceCall> {
    const about = this.describe(plan)
    const policies = this.snapshots.policy.state.coveringInput(about)
    if (policies.length === 0) return call
    const judging = namesOf(policies)
    const unknown = this.unknownOf(textsOf(call.document), judging)
    if (unknown.length === 0) return call
    const texts = unknown.flatMap((message) => message.texts)
    const request = toRequest(plan, about, texts, requestId)
    const mustWait = policies.some(({ isActing, failsOpen }) => isActing || !failsOpen)
    const answer = this.evaluate(request, policies).then((response) => {
      // Policies that changed meanwhile have judged it, or have not: it is asked about again.
      if (response.cleanUnder === judging) this.clean.add(unknown, Date.now())
      return response
    })
    if (!mustWait && this.unawaited.size < maxUnawaited) {
      const aside = answer.catch(() => undefined).finally(() => this.unawaited.delete(aside))
      this.unawaited.add(aside)
      return call
    }
    const { verdict, policy, message, masked } = await answer
    if (verdict === 'block') throw AppError.of('policy_violation', { policy, reason: message })
    if (verdict !== 'mask') return call
    if (!isJson(call)) throw cannotMask(policy)
    const document = copyOf(call.document)
    const places = textsOf(document)
    // Names of fields stand last, and are replaced after what stands in them.
    const positions = unknown.flatMap(({ first, texts }) => texts.map((_, at) => first + at))
    for (const { index, text } of masked) places[positions[index] ?? -1]?.replace(text)
    return { ...call, document, body: Buffer.from(JSON.stringify(document)) }
  }

  /** The messages that these policies have not found clean before. */
  private unknownOf(texts: readonly DocumentText[], policies: string): Message[] {
    const nowMs = Date.now()
    return this.clean.messagesOf(policies, texts).filter((message) => !this.clean.has(message, nowMs))
  }

  /** Waits for what is judged on the side. */
  async close(): Promise<void> {
    await Promise.all(this.unawaited)
    this.evaluations.close()
  }

  /** Rejects when a policy that must be asked could not be. */
  private async evaluate(
    request: policyV1.EvaluateRequest,
    policies: readonly policyV1.PolicyScope[],
  ): Promise<policyV1.EvaluateResponse> {
    let why = 'It could not look at the content in time.'
    try {
      const bytes = bytesOf(request)
      if (bytes <= maxTextBytes) {
        const response = await this.evaluations.evaluate(request, bytes)
        if (response.verdict !== 'unavailable') return response
      } else why = `It takes at most ${maxTextBytes / 1024 / 1024} MiB of text.`
    } catch (error) {
      this.logger.error({ err: error, request_id: request.requestId }, 'The policies could not be asked.')
      why = 'The policy service cannot be reached now.'
    }
    const closed = policies.find(({ failsOpen }) => !failsOpen)
    unjudged.inc({ outcome: closed ? 'refused' : 'passed' })
    if (!closed) return passed
    const reason = `The policy \`${closed.name}\` applies here, and the request could not be judged. ${why} Try again in a few seconds.`
    throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
  }

  private describe({ route, deployment }: Plan): JudgedRequest {
    const { key, model, repository = '' } = route
    const { state } = this.snapshots.catalog
    const found = repository === '' ? undefined : state.findRepository(key.organization, repository)
    // A model that is only fallen back to is one that the request may reach.
    const models = deployment
      ? this.deployments.modelsOf(deployment).flatMap((id) => state.findModelById(id)?.name ?? [])
      : []
    return {
      ...{ organization: key.organization, workspace: key.workspace, workload: key.workload },
      repository: found ? [found.id, found.name] : [],
      deployment: deployment ? [deployment.id, deployment.name] : [],
      models: [...new Set([model.name, ...models])],
    }
  }
}

const passed: policyV1.EvaluateResponse = {
  verdict: 'allow',
  policy: '',
  message: '',
  masked: [],
  cleanUnder: '',
}

function toRequest(
  { route }: Plan,
  { organization, workspace, workload, repository, deployment, models }: JudgedRequest,
  texts: readonly DocumentText[],
  requestId: string,
): policyV1.EvaluateRequest {
  const { key, model, provider } = route
  return {
    ...{ organization, workspace, workload, model: model.name, requestId, direction: 'input' },
    texts: texts.map(({ place, text, message }) => ({ place, text, message })),
    models: [...models],
    ...{ deploymentId: deployment[0] ?? '', deployment: deployment[1] ?? '' },
    ...{ repositoryId: repository[0] ?? '', repository: repository[1] ?? '' },
    ...{ provider: provider.name, virtualKey: key.id, team: key.team },
  }
}

/** As the policy service names those that have judged a content. */
const namesOf = (policies: readonly policyV1.PolicyScope[]): string =>
  policies
    .map(({ policy, revision }) => `${policy}/${revision}`)
    .sort()
    .join(' ')

const bytesOf = ({ texts }: policyV1.EvaluateRequest): number =>
  texts.reduce((sum, { place, text }) => sum + Buffer.byteLength(text) + place.length + 16, 0)

const isJson = ({ headers }: InferenceCall): boolean => !/^multipart\//i.test(headers['content-type'] ?? '')

/** A form is sent as it came. */
function cannotMask(policy: string): AppError {
  const reason =
    'it has what must be masked, and a form cannot be changed. Remove it and send the request again.'
  return AppError.of('policy_violation', { policy, reason })
}
