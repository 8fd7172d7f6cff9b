import type { CallerDialect, PassingDialect, ProviderDialect } from '../../conversation/dialect.js'
import { readError } from './errors.js'
import { writeHosted } from './hosted-tool.js'
import { passing } from './passing.js'
import { readReply } from './reply-reader.js'
import { writeReply } from './reply-writer.js'
import { readRequest } from './request-reader.js'
import { writeRequest } from './request-writer.js'
import { ResponsesStreamReader } from './stream-reader.js'
import { ResponsesStreamWriter } from './stream-writer.js'
import { readUsage } from './usage.js'

/** OpenAI's Responses API, as callers and as providers speak it. */
export const openaiResponses: CallerDialect & ProviderDialect & PassingDialect = {
  ...passing,
  name: 'openai-responses',
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  readRequest,
  writeReply,
  writeStream: (naming, request) => new ResponsesStreamWriter(naming, request),
  writeRequest,
  writeHosted,
  readReply,
  readStream: () => new ResponsesStreamReader(),
  readError,
  readUsage,
}
