import { findRestRoute, type RestRoute } from '@weir/contracts'
import { AppError } from '@weir/errors'
import { currentTraceparent } from '@weir/observability'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Agent, request as sendRequest } from 'undici'
import type { GatewayConfig } from '../config.js'
import { SourceAddresses } from '../inference/source-address.js'

/** Headers of one connection only, and those by which a caller could pass for somebody inside. */
const dropped =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|content-length|forwarded|x-forwarded-.*|x-real-ip|x-internal-.*)$/

function forwardedHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !dropped.test(name)) kept[name] = value
  return kept
}

/** Joins the services' REST on the public port, by the same table that an ingress's routes are made from. */
export class Forwarder {
  private readonly agent = new Agent({
    connect: { timeout: 2_000 },
    headersTimeout: 35_000,
    bodyTimeout: 35_000,
  })
  private readonly sources: SourceAddresses
  private readonly origins: Record<RestRoute['service'], string | undefined>

  constructor(config: GatewayConfig) {
    this.sources = new SourceAddresses(config.trustedProxies)
    this.origins = {
      identity: config.identityHttp,
      catalog: config.catalogHttp,
      policy: config.policyHttp,
      metering: config.meteringHttp,
      aggregator: config.aggregatorHttp,
    }
  }

  /**
   * Carries a request to the service that owns its path. Throws route_not_found, service_unavailable.
   * @param instead what the caller gets instead of the reply, when that is a success; is given the reply
   */
  async forward(
    request: FastifyRequest,
    reply: FastifyReply,
    path = request.raw.url ?? '/',
    instead?: (document: unknown) => Promise<object>,
  ): Promise<void> {
    const route = findRestRoute(path.split('?')[0] ?? '')
    const origin = route && this.origins[route.service]
    if (!origin)
      throw AppError.of('route_not_found', { method: request.method, path: path.split('?')[0] ?? '' })
    const hasBody = request.body instanceof Buffer && request.body.length > 0
    const traceparent = currentTraceparent()
    let response
    try {
      response = await sendRequest(new URL(path, origin), {
        dispatcher: this.agent,
        method: request.method as 'GET',
        headers: {
          ...forwardedHeaders(request.headers),
          'x-request-id': request.id,
          'x-forwarded-for': this.sources.of(request.raw),
          ...(traceparent && { traceparent }),
        },
        body: hasBody ? (request.body as Buffer) : null,
      })
    } catch (error) {
      const reason = `The ${route.service} service cannot be reached now. Try again in a few seconds.`
      throw AppError.of('service_unavailable', { reason }, { retryAfterS: 2, cause: error })
    }
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined && !dropped.test(name)) void reply.header(name, value)
    }
    if (instead && request.method === 'GET' && response.statusCode === 200) {
      const own = await instead(await response.body.json())
      void reply.removeHeader('content-length').status(200).send(own)
      return
    }
    void reply.status(response.statusCode).send(response.body)
  }

  close(): Promise<void> {
    return this.agent.close()
  }
}
