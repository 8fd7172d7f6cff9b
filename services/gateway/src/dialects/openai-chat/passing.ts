import type { PassingDialect } from '../../conversation/dialect.js'
import {
  type ChatDocument,
  estimateOutputTokens,
  readUsage,
  toUpstreamBody,
  wantsStreamUsage,
} from './chat-completions.js'
import { ChatStream } from './chat-stream.js'

/** Chat Completions that pass as they are. */
export const chatPassing: PassingDialect = {
  name: 'openai-chat',
  toUpstreamBody: (document, { model }) => toUpstreamBody(document as ChatDocument, model),
  tapStream: (request) => new ChatStream(!wantsStreamUsage(request as ChatDocument)),
  readReplyUsage: (reply) => readUsage((reply as { usage?: unknown } | null)?.usage),
  estimateReplyTokens: (reply) => estimateOutputTokens([reply]),
}
