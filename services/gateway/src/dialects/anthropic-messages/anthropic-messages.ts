import type { CallerDialect, PassingDialect, ProviderDialect } from '../../conversation/dialect.js'
import { asObject, objectsOf } from '../../conversation/json.js'
import { mayHaveSeals } from '../../conversation/signature.js'
import { estimateTokens } from '../../inference/usage.js'
import { readError } from './errors.js'
import { generatedBytes } from './generated.js'
import { writeHosted } from './hosted-tool.js'
import { MessageStream } from './message-stream.js'
import { readReply } from './reply-reader.js'
import { writeReply } from './reply-writer.js'
import { readRequest } from './request-reader.js'
import { writeRequest } from './request-writer.js'
import { MessageStreamReader } from './stream-reader.js'
import { MessageStreamWriter } from './stream-writer.js'
import { withoutSeals } from './unsealed.js'
import { readUsage } from './usage.js'

/** Anthropic's Messages API, `/v1/messages`, as of its version 2023-06-01. */
export const anthropicMessages: CallerDialect & ProviderDialect & PassingDialect = {
  name: 'anthropic-messages',
  toolName: /^[a-zA-Z0-9_-]{1,128}$/,
  readRequest,
  writeReply,
  writeStream: (naming) => new MessageStreamWriter(naming),
  writeRequest,
  writeHosted,
  readReply,
  readStream: () => new MessageStreamReader(),
  readError,
  readUsage,
  toUpstreamBody(document, { model }) {
    const body = JSON.stringify({ ...document, model })
    return mayHaveSeals(body) ? JSON.stringify({ ...withoutSeals(document), model }) : body
  },
  readReplyUsage: (reply) => readUsage(asObject(reply)?.['usage']),
  estimateReplyTokens(reply) {
    const blocks = objectsOf(asObject(reply)?.['content'])
    return estimateTokens(blocks.reduce((sum, block) => sum + generatedBytes(block), 0))
  },
  tapStream: () => new MessageStream(),
}
