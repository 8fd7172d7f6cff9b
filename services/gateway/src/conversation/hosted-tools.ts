import type { Conversation, DialectName, HostedTool, NativeTool, Tool } from './conversation.js'
import { type Document, type ProviderDialect, type WrittenTool } from './dialect.js'
import { asList, asNumber, asObject } from './json.js'

type Hosting = Pick<ProviderDialect, 'name' | 'writeHosted'>

/**
 * A conversation whose tools that another vendor would run (web search, code execution) are the
 * provider's own of the same kind. Coding agents offer theirs to every model beside their own; those
 * that have no like go without, and are told. Where such a tool is all there is, or is demanded, it
 * stays, and the dialect refuses it by its name.
 */
export function withToolsOf(
  dialect: Hosting,
  conversation: Conversation,
  model: string,
): { conversation: Conversation; dropped: string[] } {
  const { toolChoice } = conversation
  if (!conversation.tools.some((tool) => isForeign(tool, dialect.name))) return { conversation, dropped: [] }
  const hasFunctions = conversation.tools.some(({ type }) => type === 'function')
  const dropped: string[] = []
  const tools = conversation.tools.map((tool) => {
    if (!isForeign(tool, dialect.name)) return tool
    // Among several, each vendor demands its own tool in another way.
    if (isDemanded(tool, conversation) && conversation.tools.length > 1) return tool
    const written = tool.hosted && dialect.writeHosted?.(tool.hosted, { model, hasFunctions })
    if (!written) return tool
    dropped.push(...written.dropped.map((field) => `tools.${tool.name}.${field}`))
    return toNative(written, dialect.name)
  })
  const foreign = tools.filter((tool) => isForeign(tool, dialect.name))
  const isKept = !hasFunctions || foreign.some((tool) => isDemanded(tool, conversation))
  const left = isKept ? tools : tools.filter((tool) => !isForeign(tool, dialect.name))
  // What is demanded by its name, and is all there is, has another name now.
  const [only, ...others] = conversation.tools
  const isRenamed = typeof toolChoice === 'object' && others.length === 0 && left[0] !== only
  return {
    conversation: { ...conversation, tools: left, ...(isRenamed && { toolChoice: 'required' }) },
    dropped: isKept ? dropped : [...dropped, ...foreign.map(({ name }) => `tools.${name}`)],
  }
}

/** Whether a dialect refuses none of a conversation's tools: it has them, or they can go. */
export function carriesTools(dialect: Hosting, conversation: Conversation, model: string): boolean {
  const { tools } = withToolsOf(dialect, conversation, model).conversation
  return !tools.some((tool) => isForeign(tool, dialect.name))
}

const isForeign = (tool: Tool, dialect: DialectName): tool is NativeTool =>
  tool.type === 'native' && tool.dialect !== dialect

function isDemanded(tool: Tool, { toolChoice }: Conversation): boolean {
  if (typeof toolChoice !== 'object' || tool.type !== 'native') return false
  return toolChoice.name === tool.name || toolChoice.name === tool.value['name']
}

const toNative = ({ name, value }: WrittenTool, dialect: DialectName): NativeTool => ({
  ...{ type: 'native', dialect, name, value },
})

/** Domains, as texts; undefined where there are none. */
function domainsOf(value: unknown): string[] | undefined {
  const domains = asList(value).filter((domain) => typeof domain === 'string')
  return domains.length > 0 ? domains : undefined
}

/** A web search as OpenAI and Anthropic word it: both name the domains, the uses and the user's place alike. */
export function readWebSearch(
  kind: 'web_search' | 'web_fetch',
  { domains, place, uses }: { domains: Document; place: unknown; uses?: unknown },
): HostedTool {
  const allowedDomains = domainsOf(domains['allowed_domains'])
  const blockedDomains = domainsOf(domains['blocked_domains'])
  const location = readLocation(place)
  const maxUses = asNumber(uses)
  return {
    kind,
    ...(allowedDomains && { allowedDomains }),
    ...(blockedDomains && { blockedDomains }),
    ...(location && { location }),
    ...(maxUses !== undefined && { maxUses }),
  }
}

const placeFields = ['city', 'region', 'country', 'timezone']

function readLocation(value: unknown): Record<string, string> | undefined {
  const place = asObject(value)
  const told = Object.entries(place ?? {}).filter(
    (entry): entry is [string, string] => placeFields.includes(entry[0]) && typeof entry[1] === 'string',
  )
  return told.length > 0 ? Object.fromEntries(told) : undefined
}
