import type { HostedTool } from '../../conversation/conversation.js'
import type { Document, WrittenTool } from '../../conversation/dialect.js'
import { readWebSearch } from '../../conversation/hosted-tools.js'
import { asText } from '../../conversation/json.js'
import { versionOf } from './model.js'

/** What a tool of Anthropic's own is to other vendors; its type ends with the day of its making. */
export function readHosted(tool: Document): HostedTool | undefined {
  const kind = /^(web_search|web_fetch|code_execution)_\d{8}$/.exec(asText(tool['type']) ?? '')?.[1]
  switch (kind) {
    case 'web_search':
    case 'web_fetch':
      return readWebSearch(kind, { domains: tool, place: tool['user_location'], uses: tool['max_uses'] })
    case 'code_execution':
      return { kind }
    default:
      return undefined
  }
}

/** A search that every model since Claude 3.5 has; its other tools are told apart by headers that nobody here sends. */
export function writeHosted(tool: HostedTool, { model }: { model: string }): WrittenTool | undefined {
  if (tool.kind !== 'web_search' || !((versionOf(model) ?? 0) >= 3.5)) return undefined
  const { allowedDomains, blockedDomains, location, maxUses } = tool
  // Anthropic takes one list or the other.
  if (allowedDomains && blockedDomains) return undefined
  const value = {
    ...{ type: 'web_search_20250305', name: 'web_search' },
    ...(maxUses !== undefined && { max_uses: maxUses }),
    ...(allowedDomains && { allowed_domains: allowedDomains }),
    ...(blockedDomains && { blocked_domains: blockedDomains }),
    ...(location && { user_location: { type: 'approximate', ...location } }),
  }
  return { name: value.type, value, dropped: [] }
}
