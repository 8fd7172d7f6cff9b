import type { DialectName } from '../conversation/conversation.js'
import type { CallerDialect, PassingDialect, ProviderDialect } from '../conversation/dialect.js'
import { anthropicMessages } from '../dialects/anthropic-messages/anthropic-messages.js'
import { bedrockConverse } from '../dialects/bedrock-converse/bedrock-converse.js'
import { gemini } from '../dialects/gemini/gemini.js'
import { openAiChat } from '../dialects/openai-chat/openai-chat.js'
import { openAiCompletions } from '../dialects/openai-completions/openai-completions.js'
import { openaiResponses } from '../dialects/openai-responses/openai-responses.js'

/** What Weir can do with a dialect. */
interface KnownDialect {
  /** Absent: no caller speaks it. */
  readonly caller?: CallerDialect
  /** Absent: no provider is called in it. */
  readonly provider?: ProviderDialect
  /** Absent: nothing passes as it is. */
  readonly passing?: PassingDialect
}

const both = <D extends CallerDialect & ProviderDialect & PassingDialect>(dialect: D): KnownDialect => ({
  ...{ caller: dialect, provider: dialect, passing: dialect },
})

/** The dialects that Weir speaks. */
export const dialects: Readonly<Record<DialectName, KnownDialect>> = {
  'openai-chat': both(openAiChat),
  'openai-completions': { caller: openAiCompletions, passing: openAiCompletions },
  'openai-responses': both(openaiResponses),
  'anthropic-messages': both(anthropicMessages),
  gemini: { provider: gemini },
  'bedrock-converse': { provider: bedrockConverse },
}
