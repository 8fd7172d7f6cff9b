import { ApiProperty } from '@nestjs/swagger'
import { Field, PageQuery, TextField, UnchangeableField, WordField } from '@weir/http'
import { futureProviderTypes, openAiBaseUrl, type ProviderType, providerTypes } from './provider-type.js'
import type { Provider } from './provider.entity.js'

const name = {
  description: 'Its name, unique in the organization.',
  maxLength: 100,
  example: 'openai',
  pattern: { regex: /^(?!prov_[0-9a-z]{26}$)/, message: 'may not look like the id of a provider' },
}
const baseUrl = {
  description: `Where its API is, with the version prefix. Required for openai_compatible, ${openAiBaseUrl} for openai unless said otherwise, none for sandbox. Private and loopback addresses are refused unless the operator allows them.`,
  optional: true,
  maxLength: 500,
  example: 'https://llm.example.com/v1',
} as const
const apiKey = {
  description: 'Its credential. Stored encrypted and never shown again.',
  optional: true,
  maxLength: 4096,
  pattern: {
    regex: /^[\x21-\x7e]+$/,
    message: 'must be printable ASCII without spaces, since it is sent in a header',
  },
} as const
const workspace = {
  description: 'The only workspace that it serves: id or name. Left out: all of the organization.',
  optional: true,
  maxLength: 100,
} as const

export class CreateProviderDto {
  @TextField(name)
  name: string

  @Field(
    { description: 'Kind of vendor.', example: 'openai_compatible' },
    { type: String, enum: [...providerTypes] },
    (value) => {
      if (providerTypes.includes(value as ProviderType)) return undefined
      const isAnnounced = (futureProviderTypes as readonly unknown[]).includes(value)
      return `must be one of ${providerTypes.join(', ')}${isAnnounced ? `; ${String(value)} is not there yet` : ''}`
    },
  )
  type: ProviderType

  @TextField(baseUrl)
  base_url?: string | null

  @TextField(apiKey)
  api_key?: string | null

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

  @TextField(workspace)
  workspace?: string | null
}

export class ListProvidersQuery extends PageQuery {
  @WordField({ description: 'Only those of this kind.', optional: 'not null', words: providerTypes })
  type?: string

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

/** Names every field that is shown: the credential is none of them. */
export function toResponse(provider: Provider): ProviderResponse {
  return {
    id: provider.id,
    organization: provider.organization,
    name: provider.name,
    type: provider.type,
    base_url: provider.baseUrl,
    has_api_key: provider.ciphertext !== null,
    workspace: provider.workspace,
    created_at: provider.createdAt.toISOString(),
    updated_at: provider.updatedAt.toISOString(),
  }
}
