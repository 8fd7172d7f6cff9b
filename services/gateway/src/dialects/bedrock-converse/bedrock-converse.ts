import type { ProviderDialect } from '../../conversation/dialect.js'
import { readError } from './errors.js'
import { readReply } from './reply.js'
import { writeRequest } from './request.js'
import { ConverseStreamReader } from './stream-reader.js'
import { readUsage } from './usage.js'

/** Amazon Bedrock's Converse and ConverseStream. */
export const bedrockConverse: ProviderDialect = {
  name: 'bedrock-converse',
  toolName: /^[a-zA-Z0-9_-]{1,64}$/,
  writeRequest,
  readReply,
  readStream: () => new ConverseStreamReader(),
  readError,
  readUsage,
}
