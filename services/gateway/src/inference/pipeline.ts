import { createGrpcClient, type GrpcClient, type InternalTrust, policyV1 } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { currentTraceparent, histogram, type Logger } from '@weir/observability'
import {
  findGovernanceRefusal,
  findKeyRefusal,
  findModelRefusal,
  findUnreadiness,
  type Governance,
  type ModelUse,
  toError,
} from '@weir/rights'
import { hashVirtualKey, isVirtualKey, type Pepper, readPepper } from '@weir/secrets'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { GatewayConfig } from '../config.js'
import type { Admission, AdmissionControl } from '../admission/admission.js'
import type { AttemptStart } from '../journal/attempt.js'
import type { Journal, JournalEntry } from '../journal/journal.js'
import { type ChatDocument, toUpstreamBody, wantsStreamUsage } from '../dialects/openai-chat/chat-completions.js'
import {
  findPrice,
  type KnownModel,
  type KnownProvider,
  type KnownWhitelistEntry,
} from '../snapshot/catalog-state.js'
import type { KnownKey, TeamLine } from '../snapshot/identity-state.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import { type Upstream, UpstreamFailure } from '../upstream/upstream.js'
import type { Caller } from './caller.js'
import { ChatReply, gatewayStops } from './chat-reply.js'
import { parseDocument, readBody } from './document.js'
import { isJwt, JwtCallers } from './jwt.js'
import { limitOutput } from './output-limit.js'
import { Settlement } from './settlement.js'
import { SourceAddresses } from './source-address.js'
import { Underway } from '../underway.js'
import { estimateTokens, noUsage } from './usage.js'

const addedLatency = histogram(
  'weir_added_latency_seconds',
  'The gateway’s own part of a request: from its last byte to the upstream call.',
  [],
  [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
)

/** An inference endpoint, by the name that virtual keys are limited to. */
export type Endpoint = 'chat' | 'models'

/** Where a request goes, and who pays for it. */
interface Route {
  key: KnownKey
  team: TeamLine
  model: KnownModel
  provider: KnownProvider
  /** The workspace's own terms for the model; undefined: it has none. */
  entry: KnownWhitelistEntry | undefined
}

/** What is known of the use of a model. */
interface KnownUse extends ModelUse {
  model: KnownModel | undefined
  provider: KnownProvider | undefined
  entry: KnownWhitelistEntry | undefined
}

/** The way of every inference request, step by step. */
export class InferencePipeline {
  /** The gateway is being stopped: who is still heard is served, and then sent elsewhere. */
  isStopping = false
  private isStopped = false
  private readonly underway = new Underway<ChatReply>()
  /** Requests that are not under way yet: their body is read, their attempt is being journaled. */
  private arrivingCount = 0
  private readonly evaluation: GrpcClient<typeof policyV1.EvaluationServiceService>
  private readonly pepper: Pepper
  private readonly sources: SourceAddresses
  private readonly jwts: JwtCallers

  constructor(
    private readonly config: GatewayConfig & InternalTrust,
    private readonly snapshots: Snapshots,
    private readonly journal: Journal,
    private readonly admission: AdmissionControl,
    private readonly upstreams: { http: Upstream; sandbox: Upstream },
    private readonly logger: Logger,
  ) {
    this.pepper = readPepper(config.keyPepper)
    this.sources = new SourceAddresses(config.trustedProxies)
    this.jwts = new JwtCallers(config, () => snapshots.identity.state, logger)
    this.evaluation = createGrpcClient(policyV1.EvaluationServiceService, config.policyGrpc, config)
  }

  /** Requests under way. */
  get underwayCount(): number {
    return this.underway.size
  }

  /** Carries one chat completion. Rejects with the error that the caller shall see, while nothing was sent. */
  async serveChat(request: IncomingMessage, caller: Caller): Promise<void> {
    this.arrivingCount++
    try {
      await this.carryChat(request, caller)
    } finally {
      this.arrivingCount--
    }
  }

  private async carryChat(request: IncomingMessage, caller: Caller): Promise<void> {
    // 1. Authenticate. The body is not even read for a stranger.
    const key = await this.authenticate(request, 'chat')
    const body = await readBody(request, this.config.maxBodyBytes)
    const receivedAt = performance.now()

    // 2. Find the route: effective models = whitelist ∩ workload ∩ team ∩ virtual key.
    const asked = toChatDocument(parseDocument(body))
    const route = this.findRoute(key, asked.model)
    const document = limitOutput(asked, route.entry?.maxOutputTokens ?? 0, route.provider.type)

    // 3. Ask the policies, when any applies to this workspace.
    if (this.snapshots.policy.state.judgesInput(key.organization, key.workspace)) {
      await this.judgeInput(route, document, caller.requestId)
    }
    if (caller.isGone) return

    // 4. Choose the target.
    const upstream = this.upstreamOf(route.provider)

    // 5. Admit: what the attempt may use at most is set aside.
    const admission = await this.admission.admit(route, document, body.length, caller)

    // 6. Journal the attempt, before anything leaves the house.
    const entry = await this.journalAdmitted(route, admission, caller.requestId, body.length)
    const { start } = entry

    // 7. Call the upstream; its answer goes to the caller, and the attempt is settled when it ends.
    const reply = new ChatReply({
      caller,
      settlement: new Settlement(this.journal, entry, admission),
      hidesUsage: !wantsStreamUsage(document),
      maxReplyBytes: this.config.maxReplyBytes,
      credential: route.provider.authorization?.slice('Bearer '.length),
      onOver: () => this.underway.remove(slot),
    })
    const slot = this.underway.add(reply)
    if (caller.isGone) return reply.leave()
    try {
      const { baseUrl } = route.provider
      const headers = upstreamHeaders(route.provider, start.eventId)
      const upstreamBody = toUpstreamBody(admission.document, route.model.providerModel)
      addedLatency.observe((performance.now() - receivedAt) / 1000)
      reply.attach(upstream.call({ baseUrl, path: '/chat/completions', headers, body: upstreamBody }, reply))
    } catch (error) {
      reply.onError(new UpstreamFailure('broken', 'it could not be called.', { cause: error }))
    }
  }

  /** The models that a key may use, in OpenAI's shape. */
  async listModels(request: IncomingMessage): Promise<object[]> {
    const key = await this.authenticate(request, 'models')
    const governance = this.governanceOf(key)
    const refused = findGovernanceRefusal(governance)
    if (refused) throw toError(refused)
    return this.snapshots.catalog.state
      .listModels(key.organization)
      .filter((model) => findModelRefusal(governance, this.toUse(key, model.name, model)) === undefined)
      .map((model) => this.toModelObject(model))
  }

  /** One model that a key may use. */
  async getModel(request: IncomingMessage, name: string): Promise<object> {
    const key = await this.authenticate(request, 'models')
    const model = this.snapshots.catalog.state.findModel(key.organization, name)
    const refused = findModelRefusal(this.governanceOf(key), this.toUse(key, name, model))
    if (refused) throw toError(refused)
    return this.toModelObject(model as KnownModel)
  }

  /** Waits until nothing is under way; what is left then is ended with an error, and nothing new is begun. */
  async drain(timeoutMs: number): Promise<void> {
    this.isStopping = true
    const until = Date.now() + timeoutMs
    while (this.arrivingCount + this.underway.size > 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    this.isStopped = true
    // What is being journaled at this moment is under way after the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const reply of [...this.underway]) reply.interrupt()
    this.evaluation.close()
  }

  private async authenticate(request: IncomingMessage, endpoint: Endpoint): Promise<KnownKey> {
    const missing = this.snapshots.missing(this.config.snapshotMaxAgeMs)
    if (missing) {
      const reason = `The gateway cannot tell who may call what: ${missing}. Try again in a few seconds.`
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
    }
    const value = sentKey(request)
    if (value === undefined) throw AppError.of('missing_api_key', {})
    const key = this.findKey(value) ?? (await this.askForKey(value))
    if (!key) throw AppError.of('invalid_api_key', {})
    const refused = findKeyRefusal(key, {
      endpoint,
      path: request.url ?? '',
      source: key.sources ? this.sources.of(request) : '',
      nowMs: Date.now(),
    })
    if (refused) throw toError(refused)
    this.snapshots.keyUses.note(key)
    return key
  }

  private findKey(value: string): KnownKey | undefined {
    return this.snapshots.identity.state.findKey(hashVirtualKey(value, this.pepper))
  }

  /** A guess fails at its checksum, before anybody is asked. */
  private async askForKey(value: string): Promise<KnownKey | undefined> {
    if (isJwt(value)) return this.jwts.find(value)
    return isVirtualKey(value) ? this.snapshots.keys.find(hashVirtualKey(value, this.pepper)) : undefined
  }

  private findRoute(key: KnownKey, name: string): Route {
    const { state } = this.snapshots.catalog
    const governance = this.governanceOf(key)
    const use = this.toUse(key, name, state.findModel(key.organization, name))
    const refused = findModelRefusal(governance, use) ?? findUnreadiness(use)
    if (refused) throw toError(refused)
    const { model, provider, entry } = use
    const { team } = governance
    if (!model || !provider || !team) throw new Error('A model was allowed that cannot be routed.')
    return { key, team, model, provider, entry }
  }

  private governanceOf(key: KnownKey): Governance & { team: TeamLine | undefined } {
    const { state } = this.snapshots.identity
    return {
      key,
      workload: key.workload === '' ? undefined : state.findWorkload(key.workload),
      team: key.team === '' ? undefined : state.findTeamLine(key.team),
    }
  }

  private toUse(key: KnownKey, name: string, model: KnownModel | undefined): KnownUse {
    const { state } = this.snapshots.catalog
    const whitelist = state.findWhitelist(key.workspace)
    return {
      name,
      model,
      provider: model && state.findProvider(model.provider),
      providerId: model?.provider ?? '',
      isWhitelisted: whitelist !== undefined,
      entry: model && whitelist?.get(model.id),
      nowMs: Date.now(),
    }
  }

  private async judgeInput({ key, model }: Route, document: ChatDocument, requestId: string): Promise<void> {
    const { organization, workspace, workload } = key
    const request = { organization, workspace, workload, model: model.name, requestId, direction: 'input' }
    const verdict = await this.evaluation
      .evaluate({ ...request, contentJson: JSON.stringify(document) })
      .catch((error: unknown) => {
        this.logger.error({ err: error, request_id: requestId }, 'The policies could not be asked.')
        const reason =
          'A policy applies here, and the policy service cannot be reached now. Try again in a few seconds.'
        throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
      })
    if (verdict.verdict === 'block') {
      throw AppError.of('policy_violation', { policy: verdict.policy, reason: verdict.message })
    }
  }

  private upstreamOf(provider: KnownProvider): Upstream {
    return provider.type === 'sandbox' ? this.upstreams.sandbox : this.upstreams.http
  }

  /** Whatever keeps an attempt from being journaled gives back what is set aside for it. */
  private async journalAdmitted(
    route: Route,
    admission: Admission,
    requestId: string,
    bytes: number,
  ): Promise<JournalEntry> {
    try {
      if (this.isStopped) throw gatewayStops()
      return await this.journalStart(toAttemptStart(route, admission, { requestId, bytes }))
    } catch (error) {
      admission.settle(noUsage)
      throw error
    }
  }

  private journalStart(start: AttemptStart): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      const entry: JournalEntry = this.journal.start(start, (error) => {
        if (!error) return resolve(entry)
        this.logger.error(
          { err: error },
          'The journal cannot be written: requests are refused. Check the disk of WEIR_DATA_DIR.',
        )
        const reason =
          'The gateway cannot write its journal, and makes no call that it could not account for. Try again later.'
        reject(AppError.of('service_unavailable', { reason }, { retryAfterS: 5 }))
      })
    })
  }

  private toModelObject(model: KnownModel): object {
    const owner = this.snapshots.catalog.state.findProvider(model.provider)?.name ?? ''
    return { id: model.name, object: 'model', created: model.created, owned_by: owner }
  }
}

/** The virtual key of a request: `Authorization: Bearer …`, else `x-api-key`. */
export function sentKey({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim()
  const apiKey = headers['x-api-key']
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined
}

function toChatDocument(document: Record<string, unknown>): ChatDocument {
  const invalid = (param: string, reason: string) =>
    AppError.of('invalid_request', { reason: `${param}: ${reason}` }, { param })
  const { model, stream, stream_options: streamOptions } = document
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model')
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw invalid('stream', 'must be true or false')
  if (streamOptions !== undefined && typeof streamOptions !== 'object')
    throw invalid('stream_options', 'must be an object')
  return document as ChatDocument
}

/** A UUID of version 7: unique, and in the order of time. */
function eventId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

function toAttemptStart(
  { key, team, model, provider }: Route,
  { startedAtMs: now, document, record }: Admission,
  request: { requestId: string; bytes: number },
): AttemptStart {
  // A route is found only for a model with a price in force.
  const priceId = model.free ? '' : (findPrice(model, now)?.id ?? '')
  const traceparent = currentTraceparent()
  return {
    eventId: eventId(now),
    requestId: request.requestId,
    attempt: 1,
    startedAt: new Date(now).toISOString(),
    organization: key.organization,
    team: key.team,
    teamPath: team.path,
    workspace: key.workspace,
    workload: key.workload,
    virtualKey: key.id,
    endpoint: 'chat',
    model: model.name,
    providerModel: model.providerModel,
    provider: provider.name,
    providerId: provider.id,
    priceId,
    streamed: document.stream === true,
    estimatedInputTokens: estimateTokens(request.bytes),
    ...record,
    ...(traceparent && { traceparent }),
  }
}

function upstreamHeaders(provider: KnownProvider, attemptId: string): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'user-agent': 'weir',
    // OpenAI logs it: an attempt can be found on both sides.
    'x-client-request-id': attemptId,
  }
  if (provider.authorization !== undefined) headers['authorization'] = provider.authorization
  return headers
}
