import { Controller, Get, Query, Req, Res } from '@nestjs/common'
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger'
import { ApiErrors, type Caller, CurrentCaller } from '@weir/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { AuditEntryResponse, AuditPage, AuditQuery, AuditVerification } from './audit.dto.js'
import { AuditService } from './audit.service.js'

const jsonLines = 'application/x-ndjson'

@ApiTags('Audit')
@ApiExtraModels(AuditPage, AuditEntryResponse)
@ApiBearerAuth()
@Controller('v1/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @ApiOperation({
    operationId: 'listAuditEntries',
    summary: 'The audit trail: who changed what, or tried to, newest first',
    description:
      `With \`Accept: ${jsonLines}\` every entry that the filters keep is sent, one JSON object a line; ` +
      'limit and cursor are not used then. An entry stands here within about a second of what it tells of.',
  })
  @ApiOkResponse({
    description: 'A page of entries, or all of them as JSON lines.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(AuditPage) } },
      [jsonLines]: { schema: { $ref: getSchemaPath(AuditEntryResponse) } },
    },
  })
  @ApiErrors('invalid_request')
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: AuditQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditPage | Readable> {
    if (!(request.headers.accept ?? '').includes(jsonLines)) return this.audit.list(caller, query)
    void reply.header('content-type', jsonLines)
    return Readable.from(this.audit.export(caller, query), { objectMode: false })
  }

  @Get('verify')
  @ApiOperation({
    operationId: 'verifyAuditTrail',
    summary: 'Check that no entry of the audit trail was altered, removed or moved',
  })
  @ApiOkResponse({ type: AuditVerification, description: 'What was found.' })
  @ApiErrors()
  verify(@CurrentCaller() caller: Caller): Promise<AuditVerification> {
    return this.audit.verify(caller)
  }
}
