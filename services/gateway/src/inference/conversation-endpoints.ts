import { AppError } from '@weir/errors'
import type { DialectName } from '../conversation/conversation.js'
import { conversationExchange } from './conversation-exchange.js'
import { parseDocument } from './document.js'
import type { Endpoint, EndpointName, EndpointScope, OutputTerms, RequestDocument } from './endpoint.js'
import { anthropicEnvelope, type ErrorEnvelope, openaiEnvelope, responsesEnvelope } from './error-envelope.js'

/** Both names that OpenAI has for it; the first is the newer, and the only one that its reasoning models take. */
const chatOutput: OutputTerms = {
  fields: ['max_completion_tokens', 'max_tokens'],
  // Other vendors than OpenAI are told by the name that all of them know.
  fieldFor: (type) => (type === 'openai' ? 'max_completion_tokens' : 'max_tokens'),
}

const outputOf = (field: string): OutputTerms => ({ fields: [field], fieldFor: () => field })

const invalid = (param: string, reason: string): AppError =>
  AppError.of('invalid_request', { reason: `${param}: ${reason}` }, { param })

/** What every JSON body that names a model must be. Throws invalid_request. */
export function readJson(body: Buffer): RequestDocument {
  const document = parseDocument(body)
  const { model, stream } = document
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model')
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw invalid('stream', 'must be true or false')
  return document as RequestDocument
}

function readChat(body: Buffer): RequestDocument {
  const document = readJson(body)
  const options = document['stream_options']
  if (options !== undefined && typeof options !== 'object')
    throw invalid('stream_options', 'must be an object')
  return document
}

interface Conversing {
  name: EndpointName
  scope: EndpointScope
  dialect: DialectName
  envelope: ErrorEnvelope
  output: OutputTerms
  read?: (body: Buffer) => RequestDocument
}

const conversing = ({ dialect, read = readJson, ...endpoint }: Conversing): Endpoint => ({
  ...endpoint,
  read,
  exchange: (attempted) => conversationExchange(dialect, attempted),
})

/** OpenAI's Chat Completions. */
export const chat = conversing({
  ...{ name: 'chat', scope: 'chat', dialect: 'openai-chat', read: readChat },
  ...{ envelope: openaiEnvelope, output: chatOutput },
})

/** OpenAI's completions of a text. */
export const completions = conversing({
  ...{ name: 'completions', scope: 'completions', dialect: 'openai-completions', read: readChat },
  ...{ envelope: openaiEnvelope, output: outputOf('max_tokens') },
})

/** OpenAI's Responses. */
export const responses = conversing({
  ...{ name: 'responses', scope: 'responses', dialect: 'openai-responses' },
  ...{ envelope: responsesEnvelope, output: outputOf('max_output_tokens') },
})

/** Anthropic's Messages. */
export const messages = conversing({
  ...{ name: 'messages', scope: 'messages', dialect: 'anthropic-messages' },
  ...{ envelope: anthropicEnvelope, output: outputOf('max_tokens') },
})
