import type { CallerDialect, PassingDialect } from '../../conversation/dialect.js'
import { chatPassing } from '../openai-chat/passing.js'
import { CompletionStreamWriter, writeReply } from './reply-writer.js'
import { readRequest } from './request-reader.js'

/** OpenAI's older Completions, `/v1/completions`: its stream and its usage are as those of Chat Completions. */
export const openAiCompletions: CallerDialect & PassingDialect = {
  ...chatPassing,
  name: 'openai-completions',
  readRequest,
  writeReply,
  writeStream: (naming, request) => new CompletionStreamWriter(naming, request),
}
