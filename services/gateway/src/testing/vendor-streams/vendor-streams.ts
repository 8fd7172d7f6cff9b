import { anthropicStreams } from './anthropic-messages.js'
import { bedrockStreams } from './bedrock-converse.js'
import { geminiStreams } from './gemini.js'
import { chatStreams } from './openai-chat.js'
import { responsesStreams } from './openai-responses.js'
import type { VendorStream } from './vendor-stream.js'

/** What vendors may send and nobody has recorded. */
export const vendorStreams: VendorStream[] = [
  ...chatStreams,
  ...anthropicStreams,
  ...responsesStreams,
  ...geminiStreams,
  ...bedrockStreams,
]
