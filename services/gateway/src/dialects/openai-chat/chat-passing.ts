import type { Document, Naming, PassingDialect } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'
import { estimateOutputTokens, toUpstreamBody, type ChatDocument } from './chat-completions.js'
import { ChatStream } from './chat-stream.js'
import { readDocumentUsage } from './usage.js'

/** How Chat Completions, and the older Completions, pass to a provider that speaks them. */
export const chatPassing = {
  toUpstreamBody: (document: Document, { model }: Naming) => toUpstreamBody(document as ChatDocument, model),
  readReplyUsage(reply: unknown) {
    const document = asObject(reply)
    return document && readDocumentUsage(document)
  },
  estimateReplyTokens: (reply: unknown) => estimateOutputTokens([reply]),
  tapStream: (request: Document) =>
    new ChatStream(asObject(request['stream_options'])?.['include_usage'] !== true),
} satisfies Omit<PassingDialect, 'name'>
