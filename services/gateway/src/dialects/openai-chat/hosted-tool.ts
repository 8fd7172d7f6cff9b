import type { HostedTool } from '../../conversation/conversation.js'
import type { Document, WrittenTool } from '../../conversation/dialect.js'
import { readWebSearch } from '../../conversation/hosted-tools.js'
import { asObject } from '../../conversation/json.js'

/** OpenAI's search, which is a field of the request here: `web_search_options`. */
export const readHosted = (options: Document): HostedTool =>
  readWebSearch('web_search', {
    domains: {},
    place: asObject(options['user_location'])?.['approximate'],
  })

/** Only the models that are made for it search here, and always do; they take no domains. */
export function writeHosted(tool: HostedTool, { model }: { model: string }): WrittenTool | undefined {
  const { kind, allowedDomains, blockedDomains, location, maxUses } = tool
  if (kind !== 'web_search' || !/-search-(preview|api)/.test(model) || allowedDomains || blockedDomains)
    return undefined
  const value = { ...(location && { user_location: { type: 'approximate', approximate: location } }) }
  return { name: 'web_search_options', value, dropped: maxUses === undefined ? [] : ['max_uses'] }
}
