import type { CallerDialect, PassingDialect, ProviderDialect } from '../../conversation/dialect.js'
import { chatPassing } from './passing.js'
import { readError } from './errors.js'
import { writeHosted } from './hosted-tool.js'
import { readReply } from './reply-reader.js'
import { writeReply } from './reply-writer.js'
import { readRequest } from './request-reader.js'
import { writeRequest } from './request-writer.js'
import { ChatStreamReader } from './stream-reader.js'
import { ChatStreamWriter } from './stream-writer.js'
import { readUsage } from './usage.js'

/** OpenAI's Chat Completions, `/v1/chat/completions`, and what imitates it. */
export const openAiChat: CallerDialect & ProviderDialect & PassingDialect = {
  ...chatPassing,
  readRequest,
  writeReply,
  writeStream: (naming, request) => new ChatStreamWriter(naming, request),
  writeRequest,
  writeHosted,
  readReply,
  readStream: () => new ChatStreamReader(),
  readError,
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  readUsage: (value) => readUsage(value),
}
