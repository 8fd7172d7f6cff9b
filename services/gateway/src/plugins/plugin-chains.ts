import { AppError } from '@weir/errors'
import type { PluginName } from '@weir/plugin-settings'
import type { EndpointName, InferenceCall, RequestDocument } from '../inference/endpoint.js'
import type { KnownDeployment } from '../snapshot/known-deployment.js'
import type { Plugin, PluginKind, PluginRequest, PluginServices } from './plugin.js'
import { pluginKinds } from './registry.js'
import { type PluginRun, ReplyFilter } from './reply-filter.js'
import { copyOf } from './texts.js'

/** What became of a request in its deployment's plugins. */
export interface PluggedRequest {
  readonly document: RequestDocument
  /** Sent to the provider beside Weir's own. */
  readonly headers: Readonly<Record<string, string>>
  /** What the answer passes on its way out; undefined: no plugin has to do with it. */
  readonly filter: ReplyFilter | undefined
}

const answerHooks = ['text', 'chunk', 'response'] as const

/** The plugins of deployments, made once for each state of a deployment. */
export class PluginChains {
  private readonly chains = new WeakMap<KnownDeployment, Plugin[]>()

  constructor(private readonly servicesOf: (deployment: KnownDeployment) => PluginServices) {}

  /**
   * A call as its deployment's plugins leave it, and what its answer passes on the way out.
   * @throws AppError of a plugin that refuses
   */
  async plug(
    deployment: KnownDeployment,
    call: InferenceCall,
    requestId: string,
  ): Promise<{ call: InferenceCall; filter: ReplyFilter | undefined }> {
    const asked = { endpoint: call.endpoint.name, requestId, document: call.document }
    const { document, headers, filter } = await this.run(deployment, asked)
    // What is no JSON, a sound with its form, goes on as it came.
    const isJson = !/^multipart\//i.test(call.headers['content-type'] ?? '')
    const body = isJson ? Buffer.from(JSON.stringify(document)) : call.body
    return {
      call: { ...call, document: isJson ? document : call.document, body, addedHeaders: headers },
      filter,
    }
  }

  /**
   * Takes a request through its deployment's plugins, in their order.
   * @throws AppError of a plugin that refuses
   */
  async run(
    deployment: KnownDeployment,
    request: { endpoint: EndpointName; requestId: string; document: RequestDocument },
  ): Promise<PluggedRequest> {
    const plugins = this.of(deployment)
    const { endpoint, requestId } = request
    const about = { endpoint, requestId, deployment: deployment.name }
    const plugged: PluginRequest = { ...about, document: copyOf(request.document), headers: {} }
    const runs: PluginRun[] = []
    for (const plugin of plugins) runs.push({ plugin, state: await plugin.request?.(plugged) })
    // What was changed first on the way in is changed last on the way out.
    const answering = runs.filter(({ plugin }) => answerHooks.some((hook) => hook in plugin)).reverse()
    return {
      document: plugged.document,
      headers: plugged.headers,
      filter: answering.length > 0 ? new ReplyFilter(about, answering) : undefined,
    }
  }

  private of(deployment: KnownDeployment): Plugin[] {
    const known = this.chains.get(deployment)
    if (known) return known
    const plugins = deployment.plugins.map(({ name, settings }) => this.create(deployment, name, settings))
    this.chains.set(deployment, plugins)
    return plugins
  }

  private create(
    deployment: KnownDeployment,
    name: string,
    settings: Readonly<Record<string, unknown>>,
  ): Plugin {
    const kind = Object.hasOwn(pluginKinds, name) ? pluginKinds[name as PluginName] : undefined
    if (kind) return (kind as PluginKind<object>).create(settings, this.servicesOf(deployment))
    const reason = `The deployment has the plugin ${name}, which this gateway is too old for.`
    throw AppError.of('service_unavailable', { reason })
  }
}
