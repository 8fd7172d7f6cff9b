import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common'
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { AppError } from '@weir/errors'
import { ApiErrors } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { ServiceAccountService } from '../service-account/service-account.service.js'
import { AccessTokenDto, AccessTokenResponse } from './session.dto.js'
import { accessTokenS, SessionService } from './session.service.js'

@ApiTags('Sessions')
@Controller('v1/oauth')
export class AccessTokenController {
  constructor(
    private readonly accounts: ServiceAccountService,
    private readonly sessions: SessionService,
  ) {}

  @Post('token')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'createAccessToken',
    summary: "OAuth 2.0 client credentials: a service account's token for management",
    description: 'Takes a form, as RFC 6749 has it, or JSON.',
  })
  @ApiBody({ type: AccessTokenDto })
  @ApiOkResponse({ type: AccessTokenResponse, description: 'The token, good for 15 minutes.' })
  @ApiErrors('invalid_request', 'invalid_credentials', 'request_too_large')
  async create(
    @Body() dto: AccessTokenDto,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccessTokenResponse> {
    const { id, secret } = readBasic(authorization) ?? { id: dto.client_id, secret: dto.client_secret }
    if (!id || !secret) throw AppError.of('invalid_credentials', {})
    const session = await this.sessions.openForService(await this.accounts.authenticate(id, secret))
    void reply.header('cache-control', 'no-store')
    return { access_token: session.value, token_type: 'Bearer', expires_in: accessTokenS }
  }
}

/** RFC 6749 has both parts form-encoded before they are put together. */
function readBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '') ?? []
  const text = encoded && Buffer.from(encoded, 'base64').toString()
  const colon = text?.indexOf(':') ?? -1
  if (!text || colon < 0) return undefined
  try {
    return { id: decodeURIComponent(text.slice(0, colon)), secret: decodeURIComponent(text.slice(colon + 1)) }
  } catch {
    return undefined
  }
}
