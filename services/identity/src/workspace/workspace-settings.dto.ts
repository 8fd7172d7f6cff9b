import { ApiProperty } from '@nestjs/swagger'
import { IntegerField, SwitchField } from '@weir/http'
import type { Workspace } from './workspace.entity.js'

/** A year; longer than any answer of a model is worth keeping. */
const mostTtlS = 31_536_000
const mostDays = 3_650

const descriptions = {
  cache: 'Replies may be taken from the response cache; off unless said otherwise.',
  ttl: 'How long a cached reply may be used, seconds; an hour unless said otherwise.',
  logging:
    'Contents of requests may be recorded; off unless said otherwise. Recorded as a setting: nothing records contents yet.',
  retention: 'Days for which the request log keeps requests; sums in reports stay. Null: for ever.',
}

/** Settings of a workspace as they are sent; what is left out stays, or is as it is at first. */
export class WorkspaceSettingsDto {
  @SwitchField({ description: descriptions.cache, optional: 'not null' })
  response_cache?: boolean

  @IntegerField({ description: descriptions.ttl, optional: 'not null', min: 1, max: mostTtlS })
  response_cache_ttl_s?: number

  @SwitchField({ description: descriptions.logging, optional: 'not null' })
  content_logging?: boolean

  @IntegerField({ description: descriptions.retention, optional: true, min: 1, max: mostDays })
  retention_days?: number | null
}

/** Settings of a workspace as they are shown. */
export class WorkspaceSettingsResponse {
  @ApiProperty({ description: descriptions.cache })
  response_cache: boolean

  @ApiProperty({ type: 'integer', description: descriptions.ttl })
  response_cache_ttl_s: number

  @ApiProperty({ description: descriptions.logging })
  content_logging: boolean

  @ApiProperty({ type: 'integer', nullable: true, description: descriptions.retention })
  retention_days: number | null
}

/** The columns of the settings. */
export type WorkspaceSettings = Pick<
  Workspace,
  'responseCache' | 'responseCacheTtlS' | 'contentLogging' | 'retentionDays'
>

/** The columns that a request sets. */
export function toSettings(dto: WorkspaceSettingsDto = {}): Partial<WorkspaceSettings> {
  const settings: Partial<WorkspaceSettings> = {}
  if (dto.response_cache !== undefined) settings.responseCache = dto.response_cache
  if (dto.response_cache_ttl_s !== undefined) settings.responseCacheTtlS = dto.response_cache_ttl_s
  if (dto.content_logging !== undefined) settings.contentLogging = dto.content_logging
  if (dto.retention_days !== undefined) settings.retentionDays = dto.retention_days
  return settings
}

/** A workspace's settings as they are shown. */
export function toSettingsResponse(settings: WorkspaceSettings): WorkspaceSettingsResponse {
  return {
    response_cache: settings.responseCache,
    response_cache_ttl_s: settings.responseCacheTtlS,
    content_logging: settings.contentLogging,
    retention_days: settings.retentionDays,
  }
}
