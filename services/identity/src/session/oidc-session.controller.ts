import { Controller, Get, Req, Res } from '@nestjs/common'
import { ApiFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { ApiErrors } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { OidcService } from '../sign-in/oidc/oidc.service.js'
import { sessionCookieOf } from './session.controller.js'
import { NewSessionResponse, toResponse } from './session.dto.js'
import { SessionService } from './session.service.js'

const path = '/v1/sessions/oidc'

/** Binds the sign-in to the browser that began it. Lax: the provider sends the browser back from its own site. */
const stateCookie = (state: string, maxAgeS: number): string =>
  `weir_oidc=${state}; Path=${path}; Max-Age=${maxAgeS}; HttpOnly; SameSite=Lax; Secure`

@ApiTags('Sessions')
@Controller('v1/sessions/oidc')
export class OidcSessionController {
  constructor(
    private readonly oidc: OidcService,
    private readonly sessions: SessionService,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'beginOidcSignIn',
    summary: 'Sign in through the OpenID provider: sends the browser there (authorization code with PKCE)',
  })
  @ApiFoundResponse({ description: "The provider's page." })
  @ApiErrors('invalid_request', 'rate_limit_exceeded')
  async begin(@Res() reply: FastifyReply): Promise<void> {
    const { url, state } = await this.oidc.begin()
    await reply
      .header('set-cookie', stateCookie(state, 600))
      .header('cache-control', 'no-store')
      .redirect(url, 302)
  }

  @Get('callback')
  @ApiOperation({
    operationId: 'finishOidcSignIn',
    summary: 'Where the OpenID provider sends the browser back to: opens a session',
  })
  @ApiOkResponse({ type: NewSessionResponse, description: 'The new session with its value.' })
  @ApiErrors('invalid_request', 'invalid_credentials')
  async finish(
    @Req() { url, headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewSessionResponse> {
    const query = url.slice(url.indexOf('?') + 1)
    const state = /(?:^|; *)weir_oidc=([\w-]+)/.exec(headers.cookie ?? '')?.[1]
    if (!url.includes('?') || state === undefined) throw AppError.of('invalid_credentials', {})
    const session = await this.sessions.openForUser(await this.oidc.finish(query, state))
    void reply.header('set-cookie', [stateCookie('', 0), sessionCookieOf(session.value)])
    void reply.header('cache-control', 'no-store')
    return toResponse(session)
  }
}
