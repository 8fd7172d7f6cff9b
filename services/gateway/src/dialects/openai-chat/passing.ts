import type { PassingDialect } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'
import {
  type ChatDocument,
  estimateOutputTokens,
  toUpstreamBody,
  wantsStreamUsage,
} from './chat-completions.js'
import { ChatStream } from './chat-stream.js'
import { readDocumentUsage } from './usage.js'

/** How Chat Completions, and the older Completions, pass to a provider that speaks them. */
export const chatPassing: PassingDialect = {
  name: 'openai-chat',
  toUpstreamBody: (document, { model }) => toUpstreamBody(document as ChatDocument, model),
  tapStream: (request) => new ChatStream(!wantsStreamUsage(request as ChatDocument)),
  readReplyUsage(reply) {
    const document = asObject(reply)
    return document && readDocumentUsage(document)
  },
  estimateReplyTokens: (reply) => estimateOutputTokens([reply]),
}
