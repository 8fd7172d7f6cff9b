import type { Logger } from '@weir/observability'
import { providerTypeOf } from '../providers/provider-types.js'
import type { KnownModel, KnownProvider } from '../snapshot/catalog-state.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { Upstream } from '../upstream/upstream.js'
import type { Deployments } from './deployments.js'

const lookEveryMs = 250

/**
 * Asks the providers of targets whether they are there, for deployments that want it
 * (`health.check_interval_ms`): a target that is gone is left before a request finds out, and one that
 * is back is probed at once.
 */
export class ActiveChecks {
  private readonly checkedAtMs = new Map<string, number>()
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly options: {
      deployments: Deployments
      list: () => Iterable<KnownDeployment>
      upstream: Upstream
      timeoutMs: number
      logger: Logger
    },
  ) {}

  start(): void {
    this.timer = setInterval(() => this.look(Date.now()), lookEveryMs)
    this.timer.unref()
  }

  close(): void {
    clearInterval(this.timer)
  }

  private look(nowMs: number): void {
    const { deployments, list } = this.options
    for (const deployment of list()) {
      const { checkIntervalMs } = deployment.health
      if (checkIntervalMs === 0) continue
      for (const { model, provider } of deployments.targetsOf(deployment)) {
        const key = `${deployment.id}/${model.id}`
        if (nowMs - (this.checkedAtMs.get(key) ?? 0) < checkIntervalMs) continue
        this.checkedAtMs.set(key, nowMs)
        try {
          this.check(deployment, model, provider)
        } catch (error) {
          this.options.logger.warn({ err: error, provider: provider.name }, 'A target cannot be checked.')
        }
      }
    }
  }

  private check(deployment: KnownDeployment, model: KnownModel, provider: KnownProvider): void {
    const { deployments, upstream, timeoutMs, logger } = this.options
    const type = providerTypeOf(provider, model.name)
    const note = (isThere: boolean): void => {
      deployments.stateOfTarget(model, provider).noteCheck(isThere, Date.now(), deployment.health)
      if (!isThere) logger.warn({ provider: provider.name, model: model.name }, 'A target does not answer.')
    }
    const path = type.checkPath?.(provider)
    if (path === undefined) return note(true)
    const call = { path, headers: { accept: 'application/json', 'user-agent': 'weir' }, body: '' }
    const { checksCredential = true } = type
    if (checksCredential) type.authorise(call, provider, {})
    const { baseUrl } = provider
    const request = { ...call, method: 'GET' as const, baseUrl, firstByteTimeoutMs: timeoutMs }
    const made = upstream.call(request, {
      onHead(status) {
        // A provider that limits is there; one that refuses the credential serves nobody.
        note(status < 500 && !(checksCredential && (status === 401 || status === 403)))
        setImmediate(() => made.abort())
      },
      onData: () => undefined,
      onEnd: () => undefined,
      onError: () => note(false),
    })
  }
}
