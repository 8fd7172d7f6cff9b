import { Body, Controller, Delete, Get, HttpCode, Post, Res } from '@nestjs/common'
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller, sessionCookie } from '@weir/http'
import type { FastifyReply } from 'fastify'
import { SignInDto } from '../sign-in/sign-in.dto.js'
import { SignInService } from '../sign-in/sign-in.service.js'
import { CurrentSessionResponse, NewSessionResponse, toCurrent, toResponse } from './session.dto.js'
import { sessionS, SessionService } from './session.service.js'

/** The cookie of a new session. */
export const sessionCookieOf = (value: string): string => cookie(value, sessionS)

/** Never readable by scripts, never sent along from another site's page. */
const cookie = (value: string, maxAgeS: number): string =>
  `${sessionCookie}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict; Secure`

@ApiTags('Sessions')
@Controller('v1/sessions')
export class SessionController {
  constructor(
    private readonly signIns: SignInService,
    private readonly sessions: SessionService,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createSession', summary: 'Sign in with e-mail address and password' })
  @ApiCreatedResponse({ type: NewSessionResponse, description: 'The new session with its value.' })
  @ApiErrors('invalid_request', 'invalid_credentials', 'rate_limit_exceeded', 'request_too_large')
  async create(
    @Body() dto: SignInDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<NewSessionResponse> {
    const session = await this.sessions.openForUser(await this.signIns.signIn(dto))
    void reply.header('set-cookie', sessionCookieOf(session.value)).header('cache-control', 'no-store')
    return toResponse(session)
  }

  @Get('current')
  @ApiOperation({
    operationId: 'getCurrentSession',
    summary: 'Who the request is made by, and with which roles',
  })
  @ApiOkResponse({ type: CurrentSessionResponse, description: 'Who it is.' })
  @ApiErrors()
  get(@CurrentCaller() { principal }: Caller): CurrentSessionResponse {
    if (!principal) throw new Error('The route was reached without a principal.')
    return toCurrent(principal)
  }

  @Delete('current')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteCurrentSession',
    summary: 'Sign out: the session ends at once, everywhere',
  })
  @ApiNoContentResponse({ description: 'It is no more.' })
  @ApiErrors('invalid_request')
  async delete(
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.sessions.end(caller)
    void reply.header('set-cookie', cookie('', 0))
  }
}
