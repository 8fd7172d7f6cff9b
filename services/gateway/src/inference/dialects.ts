import type { DialectName } from '../conversation/conversation.js'
import type { CallerDialect, PassingDialect, ProviderDialect } from '../conversation/dialect.js'
import { chatPassing } from '../dialects/openai-chat/passing.js'

/** All that is known of a dialect. */
interface Dialect {
  /** Absent: no caller speaks it. */
  readonly caller?: CallerDialect
  /** Absent: no provider is called in it. */
  readonly provider?: ProviderDialect
  /** Absent: nothing passes as it is. */
  readonly passing?: PassingDialect
}

/** The dialects that Weir speaks. */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': { passing: chatPassing },
  'openai-completions': {},
  'openai-responses': {},
  'anthropic-messages': {},
  gemini: {},
  'bedrock-converse': {},
}
