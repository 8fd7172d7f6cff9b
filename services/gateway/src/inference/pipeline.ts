import type { InternalTrust } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { histogram, type Logger } from '@weir/observability'
import type { IncomingMessage } from 'node:http'
import type { AdmissionControl } from '../admission/admission.js'
import type { AdmittedRoute } from '../admission/admitted-route.js'
import { type Hold, unheld } from '../admission/money.js'
import { cachedEnd, giveAgain, type KeptAnswers } from '../cache/kept-answers.js'
import type { RecordedReply } from '../cache/recorded-reply.js'
import type { GatewayConfig } from '../config.js'
import type { AttemptStart } from '../journal/attempt.js'
import type { Journal, JournalEntry } from '../journal/journal.js'
import type { PluginChains } from '../plugins/plugin-chains.js'
import { InputPolicies } from '../policies/input-policies.js'
import type { KnownProvider } from '../snapshot/catalog-state.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import { Underway } from '../underway.js'
import { type Upstream, UpstreamFailure } from '../upstream/upstream.js'
import { newAttemptId, toAttemptStart } from './attempt-start.js'
import { Authentication } from './authentication.js'
import type { Caller } from './caller.js'
import { readBody } from './document.js'
import type { Exchange, InferenceCall, RequestDocument } from './endpoint.js'
import type { CalledRoute } from './endpoint-table.js'
import { limitOutput } from './output-limit.js'
import { Passage } from './passage.js'
import { gatewayStops, Reply } from './reply.js'
import { Routes } from './routes.js'
import { Settlement } from './settlement.js'
import { noUsage } from './usage.js'

const addedLatency = histogram(
  'weir_added_latency_seconds',
  'The gateway’s own part of a request: from its last byte to the upstream call.',
  [],
  [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
)

/** The way of every inference request, step by step. */
export class InferencePipeline {
  /** The gateway is being stopped: who is still heard is served, and then sent elsewhere. */
  isStopping = false
  readonly authentication: Authentication
  readonly routes: Routes
  private isStopped = false
  private readonly underway = new Underway<Passage>()
  /** Requests that are not under way yet: their body is read, their attempt is being journaled. */
  private arrivingCount = 0
  private readonly inputPolicies: InputPolicies

  constructor(
    private readonly config: GatewayConfig & InternalTrust,
    private readonly snapshots: Snapshots,
    private readonly journal: Journal,
    private readonly admission: AdmissionControl,
    private readonly upstreams: { http: Upstream; sandbox: Upstream },
    private readonly kept: KeptAnswers,
    private readonly plugins: PluginChains,
    private readonly logger: Logger,
  ) {
    this.authentication = new Authentication(config, snapshots, logger)
    this.routes = new Routes(snapshots, (who) => admission.budgetLeftRatio(who))
    this.inputPolicies = new InputPolicies(config, snapshots, this.routes.deployments, logger)
  }

  /** Requests under way. */
  get underwayCount(): number {
    return this.underway.size
  }

  /** Carries one call. Rejects with the error that the caller shall see, while nothing was sent. */
  async serve(called: CalledRoute, request: IncomingMessage, caller: Caller): Promise<void> {
    this.arrivingCount++
    try {
      await this.carry(called, request, caller)
    } finally {
      this.arrivingCount--
    }
  }

  private async carry(
    { endpoint, repository: name }: CalledRoute,
    request: IncomingMessage,
    caller: Caller,
  ): Promise<void> {
    // 1. Authenticate. The body is not even read for a stranger.
    const key = await this.authentication.findKey(request, endpoint.scope)
    const body = await readBody(request, this.config.maxBodyBytes)
    const receivedAt = performance.now()

    // 2. Find the route: effective models = whitelist ∩ workload ∩ team ∩ virtual key.
    const { headers } = request
    const repository = this.routes.findPlace(key, request.url ?? '', name)
    const asked: InferenceCall = { endpoint, document: endpoint.read(body, headers), body, headers }
    const plan = this.routes.plan(key, asked, repository)
    this.limitOutput(plan.route, asked.document)

    // 3. Answer again what was answered under the same Idempotency-Key.
    const isRepeatable = headers['idempotency-key'] !== undefined
    if (isRepeatable && (await this.kept.repeat(key, pathOf(request), asked, caller))) return

    // 4. Admit: the request is counted by its rates.
    const admission = await this.admission.admit(plan.route, asked.document, body.length, caller)
    let passage: Passage | undefined
    try {
      // 5. The deployment's plugins; then input policies, which see what the provider will see.
      const { call: plugged, filter } = plan.deployment?.plugins.length
        ? await this.plugins.plug(plan.deployment, asked, caller.requestId)
        : { call: asked, filter: undefined }
      const call = this.snapshots.policy.state.judgesInput(key.organization)
        ? await this.inputPolicies.judge(plan, plugged, caller.requestId)
        : plugged
      const here = endpoint.answerHere?.(call, plan.route)
      if (here) caller.send(200, 'application/json', JSON.stringify(here))
      if (here || caller.isGone) return admission.cancel(caller)

      // 6. Cache: an answer that is kept is given again, and counts as that.
      const terms = this.kept.termsOf(key, plan, asked)
      const kept = terms && (await this.kept.find(terms, { key, plan, asked, call, caller }))
      if (kept) return await this.giveAgain(kept, { plan, call, caller, admission })
      caller.filter = filter

      // 7. Attempt, until one is answered or none is left: steps 8 to 13.
      passage = this.toPassage(call, caller, plan, admission)
      await this.attempt(passage, plan.route, receivedAt)
    } catch (error) {
      if (passage) passage.abandon()
      else admission.cancel(caller)
      throw error
    }
  }

  /** Rejects when no attempt could be made; nothing is held and nothing was called then. */
  private async attempt(passage: Passage, target: AdmittedRoute, receivedAt?: number): Promise<void> {
    for (let next = target; ;) {
      try {
        return await this.attemptAt(passage, next, receivedAt)
      } catch (error) {
        const isUnfit = error instanceof AppError && error.code === 'unsupported_model'
        const other = isUnfit ? passage.plan.insteadOf(next) : undefined
        if (!other) throw error
        next = other
      }
    }
  }

  private async attemptAt(passage: Passage, target: AdmittedRoute, receivedAt?: number): Promise<void> {
    const { call, caller, plan, admission } = passage

    // 8. Choose a target: what may be sent to it, and what that may cost at most, which is held.
    const asked = this.limitOutput(target, withParameters(call.document, target))
    const held = admission.hold(target, asked, call.body.length)
    const hold = held instanceof Promise ? await held : held

    // 9. Journal the attempt, before anything leaves the house.
    const attempt = await this.journalHeld(passage, target, hold)

    // 10. Call upstream, retry, fall back.
    const reply = new Reply({
      ...{ route: target, caller },
      settlement: new Settlement(this.journal, attempt.entry, admission, hold),
      exchange: attempt.exchange,
      maxReplyBytes: this.config.maxReplyBytes,
      credential: secretOf(target.provider),
      owner: passage,
    })
    if (!passage.carry(reply)) return
    if (receivedAt !== undefined) addedLatency.observe((performance.now() - receivedAt) / 1000)
    this.call(target, attempt.exchange, reply, { timeoutMs: plan.timeoutMs, addedHeaders: call.addedHeaders })

    // 11. Output policies, 12. reply or stream, 13. settle: the reply does, when the answer comes.
  }

  /** Waits for what is under way; what is left at `until` is ended with an error, and nothing new is begun. */
  async drain(until: number): Promise<void> {
    this.isStopping = true
    while (this.arrivingCount + this.underway.size > 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    this.isStopped = true
    // What is being journaled at this moment is under way after the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const passage of [...this.underway]) passage.interrupt()
    await this.inputPolicies.close()
  }

  private limitOutput(
    { entry, endpoint, provider }: AdmittedRoute,
    document: RequestDocument,
  ): RequestDocument {
    return limitOutput(document, entry?.maxOutputTokens ?? 0, endpoint.output, provider.type)
  }

  private toPassage(
    call: InferenceCall,
    caller: Caller,
    plan: Passage['plan'],
    admission: Passage['admission'],
  ): Passage {
    return new Passage({
      ...{ call, caller, plan, admission, underway: this.underway },
      attempt: (passage, target) => this.attempt(passage, target),
    })
  }

  /** A kept answer is accounted for as an attempt that called nobody and costs nothing. */
  private async giveAgain(
    reply: RecordedReply,
    { plan, call, caller, admission }: Pick<Passage, 'plan' | 'call' | 'caller' | 'admission'>,
  ): Promise<void> {
    if (this.isStopped) throw gatewayStops()
    const hold = unheld(call.document)
    const { usage, ...origin } = reply.origin
    const attempt = { id: newAttemptId(hold.startedAtMs), number: 1, requestId: caller.requestId }
    const { name: endpoint } = call.endpoint
    const start = toAttemptStart(plan.route, hold, { ...attempt, endpoint, bytes: call.body.length })
    const entry = await this.journalStart({ ...start, ...origin, priceId: '' })
    this.journal.settle(entry, cachedEnd(usage), () => {
      admission.end()
      giveAgain(reply, caller, 'hit')
    })
  }

  /** Whatever keeps an attempt from being journaled gives back what is held for it. */
  private async journalHeld(
    passage: Passage,
    target: AdmittedRoute,
    hold: Hold,
  ): Promise<{ entry: JournalEntry; exchange: Exchange }> {
    const { call, caller } = passage
    try {
      if (this.isStopped) throw gatewayStops()
      const id = newAttemptId(hold.startedAtMs)
      const { model, provider } = target
      const exchange = call.endpoint.exchange({
        ...{ call, document: hold.document, model, provider, attemptId: id },
      })
      caller.noteIgnored(exchange.ignoredFields)
      const number = ++passage.attemptCount
      const { requestId } = caller
      const { expected } = exchange
      const sent = { endpoint: call.endpoint.name, bytes: call.body.length, expected }
      const attempt = { id, number, requestId, ...sent }
      const entry = await this.journalStart(toAttemptStart(target, hold, attempt))
      return { entry, exchange }
    } catch (error) {
      passage.admission.settle(hold, noUsage)
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

  private call(
    { provider }: AdmittedRoute,
    { path, headers: own, body }: Exchange,
    reply: Reply,
    {
      timeoutMs: firstByteTimeoutMs,
      addedHeaders,
    }: { timeoutMs: number; addedHeaders: InferenceCall['addedHeaders'] },
  ): void {
    // What the gateway sends itself nobody replaces.
    const headers = addedHeaders ? { ...addedHeaders, ...own } : own
    const upstream = provider.type === 'sandbox' ? this.upstreams.sandbox : this.upstreams.http
    const { baseUrl } = provider
    try {
      reply.attach(upstream.call({ baseUrl, path, headers, body, firstByteTimeoutMs }, reply))
    } catch (error) {
      reply.onError(new UpstreamFailure('broken', 'it could not be called.', { cause: error }))
    }
  }
}

/** Without the query. */
const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? ''

/** A version of a model sets what the caller leaves out. */
function withParameters(document: RequestDocument, { model }: AdmittedRoute): RequestDocument {
  return model.parameters === undefined ? document : { ...model.parameters, ...document }
}

/** The part of a credential that must not be quoted to anybody. */
function secretOf({ credential }: KnownProvider): string | undefined {
  return credential?.kind === 'aws' ? credential.secretAccessKey : credential?.key
}
