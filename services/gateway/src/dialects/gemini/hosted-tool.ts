import type { HostedTool } from '../../conversation/conversation.js'
import type { WrittenTool } from '../../conversation/dialect.js'

const names = {
  web_search: 'googleSearch',
  web_fetch: 'urlContext',
  code_execution: 'codeExecution',
} as const

/** Google's own tool of a kind, since Gemini 2; those that it runs and functions exclude each other. */
export function writeHosted(
  { kind, allowedDomains, blockedDomains, location, maxUses }: HostedTool,
  { model, hasFunctions }: { model: string; hasFunctions: boolean },
): WrittenTool | undefined {
  if (hasFunctions || allowedDomains || blockedDomains || /gemini-1/.test(model)) return undefined
  const name = names[kind]
  return {
    name,
    value: { [name]: {} },
    dropped: [...(location ? ['user_location'] : []), ...(maxUses === undefined ? [] : ['max_uses'])],
  }
}
