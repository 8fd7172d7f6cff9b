import { applyDecorators } from '@nestjs/common'
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger'
import { type ErrorCode, type ErrorRow, errorTable } from '@weir/errors'

class FieldMistakeResponse {
  @ApiProperty({ description: 'Path of the field.', example: 'prices.input_per_million' })
  field: string

  @ApiProperty({ description: 'What is wrong with it.', example: 'is required' })
  message: string
}

class ErrorDetail {
  @ApiProperty({ description: 'What happened and what to do.' })
  message: string

  @ApiProperty({
    description: "Kind of error, in the words of OpenAI's API.",
    example: 'invalid_request_error',
  })
  type: string

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The field that is at fault, when there is one.',
  })
  param: string | null

  @ApiProperty({ description: 'Tells this refusal from all others.', enum: Object.keys(errorTable) })
  code: string

  @ApiProperty({
    type: [FieldMistakeResponse],
    required: false,
    description: 'Every mistake, when fields are at fault.',
  })
  errors?: FieldMistakeResponse[]
}

/** The body of every error. */
export class ErrorResponse {
  @ApiProperty({ description: 'What went wrong.' })
  error: ErrorDetail
}

/** What any route can answer, whatever it does. */
const common: ErrorCode[] = [
  'missing_api_key',
  'invalid_api_key',
  'endpoint_not_allowed',
  'permission_denied',
  'source_not_allowed',
  'internal_error',
  'service_unavailable',
]

/** The message as it reads before its parameters are known. */
function describe(code: ErrorCode): string {
  const { message }: ErrorRow = errorTable[code]
  return message === '{reason}'
    ? `\`${code}\`: the message says why.`
    : `\`${code}\`: ${message.replace(/\{\w+\}/g, '…')}`
}

/** Documents the errors of a route by their codes, with those that every route has. */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  const byStatus = Map.groupBy(new Set([...codes, ...common]), (code) => errorTable[code].status)
  return applyDecorators(
    ApiExtraModels(ErrorResponse),
    ...[...byStatus].map(([status, all]) =>
      ApiResponse({
        status,
        description: all.map(describe).join('\n\n'),
        schema: { $ref: getSchemaPath(ErrorResponse) },
      }),
    ),
  )
}
