import { All, Controller, Get, Header, Inject, Req, Res } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { PrivateServer } from '@weir/observability'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { openApiDocument } from '../openapi/document.js'
import { Forwarder } from './forward.js'

/** Everything on the public port that is not inference. */
@ApiExcludeController()
@Controller()
export class IngressController {
  constructor(
    @Inject(Forwarder) private readonly forwarder: Forwarder,
    @Inject(PrivateServer) private readonly privateServer: PrivateServer,
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

  @All('v1/*')
  async forward(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.forwarder.forward(request, reply)
  }
}
