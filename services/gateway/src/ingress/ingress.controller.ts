import { All, Controller, Get, Header, Inject, Param, Req, Res } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { PrivateServer } from '@weir/observability'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import { openApiDocument } from '../openapi/document.js'
import { Deployments } from '../routing/deployments.js'
import { Forwarder } from './forward.js'

/** In which a gateway hears of every change, if it hears anything. */
const hearsWithinMs = 1_500

/** Everything on the public port that is not inference. */
@ApiExcludeController()
@Controller()
export class IngressController {
  constructor(
    @Inject(Forwarder) private readonly forwarder: Forwarder,
    @Inject(PrivateServer) private readonly privateServer: PrivateServer,
    @Inject(Deployments) private readonly deployments: Deployments,
  ) {}

  @Get('openapi.json')
  @Header('content-type', 'application/json')
  getOpenApi(): object {
    return openApiDocument
  }

  @Get('livez')
  getLive(): object {
    return { status: 'ok' }
  }

  @Get('readyz')
  async getReady(@Res() reply: FastifyReply): Promise<void> {
    const missing = await this.privateServer.missing()
    const ready = Object.keys(missing).length === 0
    await reply.status(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', missing })
  }

  /** Whoever may read the deployment may see how it does here; the catalog knows who that is. */
  @Get('v1/deployments/:id/health')
  async getDeploymentHealth(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = `/v1/deployments/${encodeURIComponent(id)}`
    await this.forwarder.forward(request, reply, path, (found) => this.healthOf(found as { id: string }))
  }

  @All('v1/*')
  async forward(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.forwarder.forward(request, reply)
  }

  /** A deployment that the catalog has is known here a moment later. */
  private async healthOf({ id }: { id: string }): Promise<object> {
    for (const until = Date.now() + hearsWithinMs; ;) {
      const health = this.deployments.healthOf(id)
      if (health) return health
      if (Date.now() >= until) break
      await sleep(20)
    }
    const reason = 'This gateway has not heard of the deployment yet. Try again in a second.'
    throw AppError.of('service_unavailable', { reason }, { retryAfterS: 1 })
  }
}
