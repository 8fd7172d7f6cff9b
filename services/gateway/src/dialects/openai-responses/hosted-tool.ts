import type { HostedTool } from '../../conversation/conversation.js'
import type { Document, WrittenTool } from '../../conversation/dialect.js'
import { readWebSearch } from '../../conversation/hosted-tools.js'
import { asObject, asText } from '../../conversation/json.js'

/** What a tool of OpenAI's own is to other vendors. */
export function readHosted(tool: Document): HostedTool | undefined {
  const type = asText(tool['type']) ?? ''
  if (/^web_search(_preview)?(_\d{4}_\d{2}_\d{2})?$/.test(type)) {
    // A search of what OpenAI has kept of the web is no search of the web.
    if (tool['external_web_access'] === false) return undefined
    const domains = asObject(tool['filters']) ?? {}
    return readWebSearch('web_search', { domains, place: tool['user_location'] })
  }
  const container = asObject(tool['container'])
  const isPlain = container?.['type'] === 'auto' && container['file_ids'] === undefined
  return type === 'code_interpreter' && isPlain ? { kind: 'code_execution' } : undefined
}

/** OpenAI's own tool of a kind. */
export function writeHosted(tool: HostedTool): WrittenTool | undefined {
  const { kind, allowedDomains, blockedDomains, location, maxUses } = tool
  if (kind === 'code_execution') {
    const value = { type: 'code_interpreter', container: { type: 'auto' } }
    return { name: value.type, value, dropped: [] }
  }
  // It can be told where to look, and not where not to.
  if (kind !== 'web_search' || blockedDomains) return undefined
  const value = {
    type: 'web_search',
    ...(allowedDomains && { filters: { allowed_domains: allowedDomains } }),
    ...(location && { user_location: { type: 'approximate', ...location } }),
  }
  return { name: value.type, value, dropped: maxUses === undefined ? [] : ['max_uses'] }
}
