import type { ProviderDialect } from '../../conversation/dialect.js'
import { readError } from './errors.js'
import { writeHosted } from './hosted-tool.js'
import { readReply } from './reply.js'
import { writeRequest } from './request.js'
import { GeminiStreamReader } from './stream-reader.js'
import { readUsage } from './usage.js'

/** Google's `generateContent` and `streamGenerateContent?alt=sse`, of the Gemini API and of Vertex AI. */
export const gemini: ProviderDialect = {
  name: 'gemini',
  toolName: /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/,
  writeRequest,
  writeHosted,
  readReply,
  readStream: (choices) => new GeminiStreamReader(choices),
  readError,
  readUsage,
}
