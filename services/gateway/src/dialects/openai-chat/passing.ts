import type { PassingDialect } from '../../conversation/dialect.js'
import { asObject } from '../../conversation/json.js'
import { mayHaveSeals } from '../../conversation/signature.js'
import {
  type ChatDocument,
  estimateOutputTokens,
  toUpstreamBody,
  wantsStreamUsage,
} from './chat-completions.js'
import { ChatStream } from './chat-stream.js'
import { withoutSeals } from './unsealed.js'
import { readDocumentUsage } from './usage.js'

/** How Chat Completions, and the older Completions, pass to a provider that speaks them. */
export const chatPassing: PassingDialect = {
  name: 'openai-chat',
  toUpstreamBody(document, { model, providerType }) {
    const body = toUpstreamBody(document as ChatDocument, model)
    const isOpenAi = providerType === 'openai' || providerType === 'azure_openai'
    if (!mayHaveSeals(body) && !(isOpenAi && body.includes('"reasoning_'))) return body
    return toUpstreamBody(withoutSeals(document, isOpenAi) as ChatDocument, model)
  },
  tapStream: (request) => new ChatStream(!wantsStreamUsage(request as ChatDocument)),
  readReplyUsage(reply) {
    const document = asObject(reply)
    return document && readDocumentUsage(document)
  },
  estimateReplyTokens: (reply) => estimateOutputTokens([reply]),
}
