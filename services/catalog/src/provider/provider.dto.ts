import { ApiProperty } from '@nestjs/swagger'
import { OptionalBody, PageQuery, SwitchField, TextField, UnchangeableField, WordField } from '@weir/http'
import { openAiBaseUrl, type ProviderType, providerTypes } from './provider-type.js'
import { type CheckedProvider, checkNames } from './provider-check.js'
import type { Provider } from './provider.entity.js'

const name = {
  description: 'Its name, unique in the organization.',
  maxLength: 100,
  example: 'openai',
  pattern: { regex: /^(?!prov_[0-9a-z]{26}$)/, message: 'may not look like the id of a provider' },
}
const baseUrl = {
  description: `Where its API is, with the version prefix (${openAiBaseUrl}). Required for openai_compatible and, as the address of the resource, for azure_openai; the vendor’s own for the others unless said otherwise; none for sandbox. Private and loopback addresses are refused unless the operator allows them.`,
  optional: true,
  maxLength: 500,
  example: 'https://llm.example.com/v1',
} as const
const apiKey = {
  description:
    'Its credential. Stored encrypted and never shown again. For bedrock an API key, or a JSON object in a string with `access_key_id`, `secret_access_key` and, for a session, `session_token`.',
  optional: true,
  maxLength: 4096,
  pattern: {
    regex: /^(?:[\x21-\x7e]+|\{[\x20-\x7e]*\})$/,
    message: 'must be printable ASCII without spaces, since it is sent in a header',
  },
} as const
const apiVersion = {
  description:
    'Version of its API: of azure_openai `api-version`, or `v1` for the API without dates; of anthropic `anthropic-version`. Left out: a recent one.',
  optional: true,
  maxLength: 40,
  example: '2024-10-21',
  pattern: { regex: /^[0-9a-z][0-9a-z.-]*$/, message: 'must look like 2024-10-21' },
} as const
const region = {
  description: 'AWS region, of bedrock, where it is required.',
  optional: true,
  maxLength: 40,
  example: 'eu-central-1',
  pattern: { regex: /^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/, message: 'must be an AWS region such as eu-central-1' },
} as const
const workspace = {
  description: 'The only workspace that it serves: id or name. Left out: all of the organization.',
  optional: true,
  maxLength: 100,
} as const

export class CreateProviderDto {
  @TextField(name)
  name: string

  @WordField({ description: 'Kind of vendor.', example: 'openai_compatible', words: providerTypes })
  type: ProviderType

  @TextField(baseUrl)
  base_url?: string | null

  @TextField(apiKey)
  api_key?: string | null

  @TextField(apiVersion)
  api_version?: string | null

  @TextField(region)
  region?: string | null

  @TextField(workspace)
  workspace?: string | null
}

export class UpdateProviderDto {
  @UnchangeableField('make a provider of the other type instead')
  type?: never

  @TextField({ ...name, optional: 'not null' })
  name?: string

  @TextField(baseUrl)
  base_url?: string | null

  @TextField({ ...apiKey, description: `${apiKey.description} null removes it.` })
  api_key?: string | null

  @SwitchField({
    description:
      'Whether a new `api_key` is tried at the provider before it takes over. Left out: it is refused only if the provider says that it is wrong. true: also if the provider cannot be asked. false: it is not tried.',
    optional: 'not null',
  })
  validate?: boolean

  @TextField({ ...apiVersion, description: `${apiVersion.description.replace('Left out', 'null')}` })
  api_version?: string | null

  @TextField({ ...region, optional: 'not null' })
  region?: string

  @TextField(workspace)
  workspace?: string | null
}

@OptionalBody()
export class ValidateProviderDto {
  @TextField({
    description:
      'A model that its list must have, as the provider calls it. Left out: those that are made of it.',
    optional: true,
    maxLength: 200,
    example: 'gpt-4o-mini-2024-07-18',
  })
  model?: string | null

  @TextField({ ...apiKey, description: 'A credential to try instead of its own. It is not kept.' })
  api_key?: string | null
}

export class ListProvidersQuery extends PageQuery {
  @WordField({ description: 'Only those of this kind.', optional: 'not null', words: providerTypes })
  type?: ProviderType

  @TextField({
    description: 'Only those that serve this workspace alone: its id.',
    optional: 'not null',
    maxLength: 100,
  })
  workspace?: string
}

export class ProviderResponse {
  @ApiProperty({ description: 'Its id.', example: 'prov_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  id: string

  @ApiProperty({ description: 'Organization that it belongs to.', example: 'org_default' })
  organization: string

  @ApiProperty({ description: 'Its name.', example: 'openai' })
  name: string

  @ApiProperty({ description: 'Kind of vendor.', enum: providerTypes })
  type: string

  @ApiProperty({ type: String, nullable: true, description: 'Where its API is; null for a sandbox.' })
  base_url: string | null

  @ApiProperty({ type: String, nullable: true, description: 'Version of its API, where the type has one.' })
  api_version: string | null

  @ApiProperty({ type: String, nullable: true, description: 'AWS region, of bedrock.' })
  region: string | null

  @ApiProperty({ description: 'Whether it has a credential; the credential itself is never shown.' })
  has_api_key: boolean

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Id of the only workspace that it serves; null: all.',
  })
  workspace: string | null

  @ApiProperty({ description: 'When it was made.', format: 'date-time' })
  created_at: string

  @ApiProperty({ description: 'When it was last changed.', format: 'date-time' })
  updated_at: string
}

export class ProviderCheckResponse {
  @ApiProperty({ description: 'What was checked.', enum: checkNames })
  check: string

  @ApiProperty({
    description: '`warning`: it works, and may not be what was meant; `skipped`: it could not be found out.',
    enum: ['passed', 'warning', 'failed', 'skipped'],
  })
  status: string

  @ApiProperty({ description: 'What was found, and what to do.', example: 'The provider takes it.' })
  message: string
}

export class ProviderValidationResponse {
  @ApiProperty({ description: 'Always `provider_validation`.', enum: ['provider_validation'] })
  object: 'provider_validation'

  @ApiProperty({ description: 'Id of the provider.', example: 'prov_01k9x3v0c2m8q4r7t5y6z1a2b3' })
  provider: string

  @ApiProperty({ description: 'No check has failed.' })
  valid: boolean

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'How long its list of models took, milliseconds; null: it did not answer.',
  })
  latency_ms: number | null

  @ApiProperty({ type: [ProviderCheckResponse], description: 'Endpoint, credentials, model and latency.' })
  checks: ProviderCheckResponse[]
}

export function toValidationResponse({ provider, verdict }: CheckedProvider): ProviderValidationResponse {
  return {
    object: 'provider_validation',
    provider: provider.id,
    valid: verdict.checks.every(({ status }) => status !== 'failed'),
    latency_ms: verdict.latencyMs ?? null,
    checks: verdict.checks,
  }
}

/** Names every field that is shown: the credential is none of them. */
export function toResponse(provider: Provider): ProviderResponse {
  return {
    id: provider.id,
    organization: provider.organization,
    name: provider.name,
    type: provider.type,
    base_url: provider.baseUrl,
    api_version: provider.apiVersion,
    region: provider.region,
    has_api_key: provider.ciphertext !== null,
    workspace: provider.workspace,
    created_at: provider.createdAt.toISOString(),
    updated_at: provider.updatedAt.toISOString(),
  }
}
