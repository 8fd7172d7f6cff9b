import { Body, Controller, Post } from '@nestjs/common'
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { ApiErrors } from '@weir/http'
import { toResponse, UserResponse } from '../user/user.dto.js'
import { SetupDto } from './sign-in.dto.js'
import { SignInService } from './sign-in.service.js'

@ApiTags('Sessions')
@Controller('v1/setup')
export class SetupController {
  constructor(private readonly signIns: SignInService) {}

  @Post()
  @ApiOperation({
    operationId: 'setUp',
    summary: 'Make the first administrator, with the one-time token that identity prints at its first start',
  })
  @ApiCreatedResponse({ type: UserResponse, description: 'The first user, owner of the organization.' })
  @ApiErrors('invalid_request', 'invalid_credentials', 'rate_limit_exceeded', 'request_too_large')
  async create(@Body() dto: SetupDto): Promise<UserResponse> {
    return toResponse(await this.signIns.setUp(dto))
  }
}
